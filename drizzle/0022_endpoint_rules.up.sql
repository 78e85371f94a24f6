-- What admins do to endpoints for events, and to what these are told. Each function locks the endpoint's row first, so
-- that admins follow each other; `outcome` says what came of it. Who does it stands in settings of the transaction, as
-- for the catalogue. An operation that is made again because its answer was lost (`done`) finds its change, and does
-- nothing more.
--
-- Locks go from the endpoint to its deliveries; a worker goes the other way. So a delivery that a worker has locked is
-- never waited for.

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
  ON endpoint_changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE FUNCTION note_endpoint_change(p_endpoint_id uuid, p_action text, p_details jsonb, p_actor text DEFAULT NULL)
RETURNS void LANGUAGE sql AS $$
  INSERT INTO endpoint_changes (endpoint_id, action, details, actor, request_id, operation_id)
  VALUES (p_endpoint_id, p_action, p_details,
    coalesce(nullif(current_setting('ratecard.actor', true), ''), p_actor, 'sql:' || session_user),
    nullif(current_setting('ratecard.request_id', true), ''),
    nullif(current_setting('ratecard.operation_id', true), '')::uuid);
$$;
--> statement-breakpoint
-- What this operation has done already. No row: nothing.
CREATE FUNCTION done_endpoint_change() RETURNS SETOF endpoint_changes LANGUAGE sql STABLE AS $$
  SELECT * FROM endpoint_changes
  WHERE operation_id = nullif(current_setting('ratecard.operation_id', true), '')::uuid;
$$;
--> statement-breakpoint
-- Trigger: whoever changes what an admin sees of an endpoint makes a new version of it.
CREATE FUNCTION count_endpoint_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.version := old.version;
  IF (new.url, new.description, new.event_types, new.is_enabled, new.disabled_reason, new.sealed_secret, new.deleted_at)
    IS DISTINCT FROM
    (old.url, old.description, old.event_types, old.is_enabled, old.disabled_reason, old.sealed_secret, old.deleted_at)
  THEN
    new.version := old.version + 1;
    new.updated_at := clock_timestamp();
  END IF;
  RETURN new;
END $$;
--> statement-breakpoint
CREATE TRIGGER count_version BEFORE UPDATE ON event_endpoints FOR EACH ROW EXECUTE FUNCTION count_endpoint_version();
--> statement-breakpoint
-- Of a URL, or an address of mail, what is no secret.
CREATE FUNCTION host_of_url(p_url text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT substring(p_url FROM '^[A-Za-z]+:(?://)?(?:[^/?#@]*@)?([^/?#]*)');
$$;
--> statement-breakpoint
-- Trigger: writes down what was changed, plain SQL included.
CREATE FUNCTION note_endpoint() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  details jsonb := '{}';
  change record;
BEGIN
  IF tg_op = 'INSERT' THEN
    PERFORM note_endpoint_change(new.id, 'created', jsonb_build_object('url_host', host_of_url(new.url),
      'description', new.description, 'event_types', new.event_types, 'format', new.format, 'enabled', new.is_enabled));
  ELSIF new.deleted_at IS DISTINCT FROM old.deleted_at THEN
    PERFORM note_endpoint_change(new.id, 'deleted', '{}');
  ELSIF new.sealed_secret IS DISTINCT FROM old.sealed_secret THEN
    PERFORM note_endpoint_change(new.id, 'secret_rotated',
      jsonb_build_object('previous_secret_until', new.previous_secret_until));
  ELSE
    IF new.url <> old.url THEN
      details := jsonb_build_object('url_host',
        jsonb_build_object('from', host_of_url(old.url), 'to', host_of_url(new.url)));
    END IF;
    FOR change IN
      SELECT * FROM (VALUES
        ('description', to_jsonb(old.description), to_jsonb(new.description)),
        ('event_types', to_jsonb(old.event_types), to_jsonb(new.event_types)),
        ('enabled', to_jsonb(old.is_enabled), to_jsonb(new.is_enabled)),
        ('disabled_reason', to_jsonb(old.disabled_reason), to_jsonb(new.disabled_reason))
      ) AS field(name, was, is_now) WHERE was IS DISTINCT FROM is_now
    LOOP
      details := details || jsonb_build_object(change.name, jsonb_build_object('from', change.was, 'to', change.is_now));
    END LOOP;
    IF details <> '{}' THEN
      PERFORM note_endpoint_change(new.id, 'changed', details,
        CASE WHEN new.disabled_reason IN ('failing', 'gone') THEN 'system:outbound' END);
    END IF;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER note AFTER INSERT OR UPDATE ON event_endpoints FOR EACH ROW EXECUTE FUNCTION note_endpoint();
--> statement-breakpoint
-- `created`, `done` or `too_many` (p_endpoints_at_most live ones are there). `sealed_secret` is the endpoint's.
CREATE FUNCTION create_endpoint(
  p_id uuid, p_url text, p_description text, p_event_types jsonb, p_format text, p_sealed_secret text,
  p_endpoints_at_most integer, OUT outcome text, OUT sealed_secret text
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('event_endpoints', 0));
  SELECT e.sealed_secret INTO sealed_secret FROM event_endpoints AS e WHERE e.id = p_id;
  IF FOUND THEN
    outcome := 'done';
  ELSIF (SELECT count(*) FROM event_endpoints WHERE deleted_at IS NULL) >= p_endpoints_at_most THEN
    outcome := 'too_many';
  ELSE
    outcome := 'created';
    sealed_secret := p_sealed_secret;
    INSERT INTO event_endpoints (id, url, description, event_types, format, sealed_secret, created_by)
    VALUES (p_id, p_url, p_description, ARRAY(SELECT jsonb_array_elements_text(p_event_types)), p_format,
      p_sealed_secret, current_setting('ratecard.actor'));
  END IF;
END $$;
--> statement-breakpoint
-- Nothing that waits for this endpoint is told any more. What a worker has at this moment is that worker's.
CREATE FUNCTION cancel_waiting_deliveries(p_endpoint_id uuid) RETURNS void LANGUAGE sql AS $$
  UPDATE event_deliveries SET status = 'canceled'
  WHERE id IN (
    SELECT id FROM event_deliveries WHERE endpoint_id = p_endpoint_id AND status = 'pending' FOR UPDATE SKIP LOCKED
  );
$$;
--> statement-breakpoint
-- Changes the members that p_changes has: url, description, event_types, enabled. p_versions, a list, or null for any:
-- the versions that the caller is content with. `changed`, `done`, `not_found`, `version_conflict` (with the present
-- `version`), `other_format` for a URL that is mail's where the present one is not, or the other way round.
CREATE FUNCTION change_endpoint(p_id uuid, p_versions jsonb, p_changes jsonb, OUT outcome text, OUT version integer)
LANGUAGE plpgsql AS $$
DECLARE
  endpoint event_endpoints;
  enabled CONSTANT boolean := (p_changes ->> 'enabled')::boolean;
BEGIN
  SELECT * INTO endpoint FROM event_endpoints AS e WHERE e.id = p_id AND e.deleted_at IS NULL FOR UPDATE;
  version := endpoint.version;
  IF endpoint.id IS NULL THEN
    outcome := 'not_found';
  ELSIF EXISTS (SELECT FROM done_endpoint_change()) THEN
    outcome := 'done';
  ELSIF NOT p_versions ? endpoint.version::text THEN
    outcome := 'version_conflict';
  ELSIF (p_changes ->> 'url' LIKE 'mailto:%') <> (endpoint.format = 'mail') THEN
    outcome := 'other_format';
  ELSE
    outcome := 'changed';
    UPDATE event_endpoints AS e
    SET url = coalesce(p_changes ->> 'url', e.url),
      description = CASE WHEN p_changes ? 'description' THEN p_changes ->> 'description' ELSE e.description END,
      event_types = CASE WHEN p_changes ? 'event_types'
        THEN ARRAY(SELECT jsonb_array_elements_text(p_changes -> 'event_types')) ELSE e.event_types END,
      is_enabled = coalesce(enabled, e.is_enabled),
      disabled_reason = CASE WHEN enabled THEN NULL WHEN NOT enabled AND e.is_enabled THEN 'admin'
        ELSE e.disabled_reason END,
      disabled_at = CASE WHEN enabled THEN NULL WHEN NOT enabled AND e.is_enabled THEN clock_timestamp()
        ELSE e.disabled_at END,
      -- What failed was another address, or before somebody looked at it.
      failing_since = CASE WHEN enabled OR p_changes ->> 'url' <> e.url THEN NULL ELSE e.failing_since END
    WHERE e.id = p_id;
    IF NOT enabled THEN
      PERFORM cancel_waiting_deliveries(p_id);
    END IF;
  END IF;
END $$;
--> statement-breakpoint
-- `deleted`, `done`, `not_found`, `version_conflict`.
CREATE FUNCTION delete_endpoint(p_id uuid, p_versions jsonb, OUT outcome text, OUT version integer)
LANGUAGE plpgsql AS $$
DECLARE
  endpoint event_endpoints;
BEGIN
  SELECT * INTO endpoint FROM event_endpoints AS e WHERE e.id = p_id FOR UPDATE;
  version := endpoint.version;
  IF EXISTS (SELECT FROM done_endpoint_change()) THEN
    outcome := 'done';
  ELSIF endpoint.id IS NULL OR endpoint.deleted_at IS NOT NULL THEN
    outcome := 'not_found';
  ELSIF NOT p_versions ? endpoint.version::text THEN
    outcome := 'version_conflict';
  ELSE
    outcome := 'deleted';
    UPDATE event_endpoints
    SET deleted_at = clock_timestamp(), previous_sealed_secret = NULL, previous_secret_until = NULL WHERE id = p_id;
    PERFORM cancel_waiting_deliveries(p_id);
  END IF;
END $$;
--> statement-breakpoint
-- The present secret goes on signing beside the new one for p_overlap_hours; 0: it ends at once, and so does the one
-- before it. `rotated`, `done`, `not_found`, `unsigned` (mail), `rotating`: the one before the present one still signs,
-- as it was promised to, until `previous_secret_until`. `sealed_secret` is the endpoint's.
CREATE FUNCTION rotate_endpoint_secret(
  p_id uuid, p_sealed_secret text, p_overlap_hours integer,
  OUT outcome text, OUT sealed_secret text, OUT previous_secret_until timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  endpoint event_endpoints;
BEGIN
  SELECT * INTO endpoint FROM event_endpoints AS e WHERE e.id = p_id AND e.deleted_at IS NULL FOR UPDATE;
  sealed_secret := endpoint.sealed_secret;
  previous_secret_until := endpoint.previous_secret_until;
  IF endpoint.id IS NULL THEN
    outcome := 'not_found';
  ELSIF EXISTS (SELECT FROM done_endpoint_change()) THEN
    outcome := 'done';
  ELSIF endpoint.sealed_secret IS NULL THEN
    outcome := 'unsigned';
  ELSIF p_overlap_hours > 0 AND endpoint.previous_secret_until > clock_timestamp() THEN
    outcome := 'rotating';
  ELSE
    outcome := 'rotated';
    sealed_secret := p_sealed_secret;
    previous_secret_until :=
      CASE WHEN p_overlap_hours > 0 THEN clock_timestamp() + make_interval(hours => p_overlap_hours) END;
    UPDATE event_endpoints AS e
    SET sealed_secret = p_sealed_secret, previous_secret_until = rotate_endpoint_secret.previous_secret_until,
      previous_sealed_secret = CASE WHEN p_overlap_hours > 0 THEN endpoint.sealed_secret END
    WHERE e.id = p_id;
  END IF;
END $$;
--> statement-breakpoint
-- An event for this endpoint alone, whatever types it wants: `told`, `done`, `not_found`, `disabled`.
CREATE FUNCTION test_endpoint(p_id uuid, p_occurred_at timestamptz, OUT outcome text, OUT delivery_id uuid)
LANGUAGE plpgsql AS $$
DECLARE
  endpoint event_endpoints;
  event text;
BEGIN
  SELECT * INTO endpoint FROM event_endpoints AS e WHERE e.id = p_id AND e.deleted_at IS NULL FOR UPDATE;
  SELECT details ->> 'delivery_id' INTO delivery_id FROM done_endpoint_change();
  IF endpoint.id IS NULL THEN
    outcome := 'not_found';
  ELSIF delivery_id IS NOT NULL THEN
    outcome := 'done';
  ELSIF NOT endpoint.is_enabled THEN
    outcome := 'disabled';
  ELSE
    outcome := 'told';
    INSERT INTO outbound_events (event_type, data, occurred_at)
    VALUES ('endpoint.test', jsonb_build_object('endpoint_id', p_id), p_occurred_at) RETURNING id INTO event;
    INSERT INTO event_deliveries (endpoint_id, event_id, event_type) VALUES (p_id, event, 'endpoint.test')
    RETURNING id INTO delivery_id;
    PERFORM note_endpoint_change(p_id, 'tested', jsonb_build_object('delivery_id', delivery_id));
  END IF;
END $$;
--> statement-breakpoint
-- Makes an ended delivery wait again, with all its tries, under the same event id: `replayed`, `done`, `not_found`,
-- `delivery_not_found`, `disabled`, `in_progress`.
CREATE FUNCTION replay_delivery(p_endpoint_id uuid, p_delivery_id uuid, OUT outcome text) LANGUAGE plpgsql AS $$
DECLARE
  endpoint event_endpoints;
BEGIN
  SELECT * INTO endpoint FROM event_endpoints AS e WHERE e.id = p_endpoint_id AND e.deleted_at IS NULL FOR UPDATE;
  IF endpoint.id IS NULL THEN
    outcome := 'not_found';
  ELSIF NOT EXISTS (SELECT FROM event_deliveries WHERE id = p_delivery_id AND endpoint_id = p_endpoint_id) THEN
    outcome := 'delivery_not_found';
  ELSIF EXISTS (SELECT FROM done_endpoint_change()) THEN
    outcome := 'done';
  ELSIF NOT endpoint.is_enabled THEN
    outcome := 'disabled';
  ELSE
    UPDATE event_deliveries
    SET status = 'pending', failures = 0, next_attempt_at = clock_timestamp(), lease_until = NULL, rung_at = NULL
    WHERE id IN (
      SELECT id FROM event_deliveries
      WHERE id = p_delivery_id AND status IN ('delivered', 'dead', 'canceled') FOR UPDATE SKIP LOCKED
    );
    outcome := CASE WHEN FOUND THEN 'replayed' ELSE 'in_progress' END;
    IF FOUND THEN
      PERFORM note_endpoint_change(p_endpoint_id, 'replayed', jsonb_build_object('delivery_id', p_delivery_id));
    END IF;
  END IF;
END $$;
--> statement-breakpoint
-- Makes wait again, or for the first time, what was written from p_since on and before p_until, and the endpoint wants:
-- the oldest p_limit after the event p_after_at, p_after_id (null: from the first). p_event_types: of those types alone;
-- null: of all. p_only: `failed` for what was not taken, `untaken` for that and what was never for this endpoint, null
-- for everything. What waits already is left as it is; tests of endpoints are left out. `counted` (p_is_dry_run),
-- `replayed`, `done`, `not_found`, `disabled`. `answer`: {count} or {replayed, remaining, last_at (microseconds since
-- 1970), last_id}.
CREATE FUNCTION replay_events(
  p_endpoint_id uuid, p_since timestamptz, p_until timestamptz, p_event_types jsonb, p_only text,
  p_after_at timestamptz, p_after_id text, p_limit integer, p_is_dry_run boolean,
  OUT outcome text, OUT answer jsonb
) LANGUAGE plpgsql AS $$
DECLARE
  endpoint event_endpoints;
  types CONSTANT text[] :=
    CASE WHEN p_event_types IS NOT NULL THEN ARRAY(SELECT jsonb_array_elements_text(p_event_types)) END;
BEGIN
  SELECT * INTO endpoint FROM event_endpoints AS e WHERE e.id = p_endpoint_id AND e.deleted_at IS NULL FOR UPDATE;
  SELECT details -> 'answer' INTO answer FROM done_endpoint_change();
  outcome := CASE WHEN endpoint.id IS NULL THEN 'not_found' WHEN answer IS NOT NULL THEN 'done'
    WHEN NOT endpoint.is_enabled THEN 'disabled' WHEN p_is_dry_run THEN 'counted' ELSE 'replayed' END;
  IF outcome NOT IN ('counted', 'replayed') THEN
    RETURN;
  END IF;
  WITH wanted AS MATERIALIZED (
    SELECT event.id, event.created_at, event.event_type, delivery.id AS delivery_id
    FROM outbound_events AS event
    LEFT JOIN event_deliveries AS delivery ON delivery.endpoint_id = p_endpoint_id AND delivery.event_id = event.id
    WHERE event.created_at >= p_since AND event.created_at < p_until
      AND (p_after_id IS NULL OR (event.created_at, event.id) > (p_after_at, p_after_id))
      AND event.event_type <> 'endpoint.test'
      AND wants_event(endpoint.event_types, event.event_type)
      AND (types IS NULL OR wants_event(types, event.event_type))
      AND CASE delivery.status
        WHEN 'delivered' THEN p_only IS NULL
        WHEN 'dead' THEN true
        WHEN 'canceled' THEN true
        WHEN 'pending' THEN false
        WHEN 'delivering' THEN false
        ELSE p_only IS DISTINCT FROM 'failed'
      END
  ), chosen AS MATERIALIZED (
    -- Locked until commit, so that they are not deleted meanwhile; those that are being deleted are left.
    SELECT wanted.* FROM wanted JOIN outbound_events AS event ON event.id = wanted.id
    WHERE NOT p_is_dry_run ORDER BY wanted.created_at, wanted.id LIMIT p_limit
    FOR KEY SHARE OF event SKIP LOCKED
  ), again AS (
    UPDATE event_deliveries AS delivery
    SET status = 'pending', failures = 0, next_attempt_at = clock_timestamp(), lease_until = NULL, rung_at = NULL
    FROM chosen WHERE delivery.id = chosen.delivery_id AND delivery.status IN ('delivered', 'dead', 'canceled')
    RETURNING delivery.id
  ), made AS (
    INSERT INTO event_deliveries (endpoint_id, event_id, event_type)
    SELECT p_endpoint_id, chosen.id, chosen.event_type FROM chosen WHERE chosen.delivery_id IS NULL
    ON CONFLICT DO NOTHING RETURNING id
  ), waiting AS (
    SELECT id FROM again UNION ALL SELECT id FROM made
  )
  SELECT CASE WHEN p_is_dry_run THEN jsonb_build_object('count', (SELECT count(*) FROM wanted))
    ELSE jsonb_build_object(
      'replayed', (SELECT count(*) FROM waiting),
      'remaining', (SELECT count(*) FROM wanted) - (SELECT count(*) FROM chosen),
      'last_at', (SELECT (extract(epoch FROM created_at) * 1000000)::bigint FROM chosen
        ORDER BY created_at DESC, id DESC LIMIT 1),
      'last_id', (SELECT id FROM chosen ORDER BY created_at DESC, id DESC LIMIT 1)) END
  INTO answer;
  IF outcome = 'replayed' THEN
    PERFORM note_endpoint_change(p_endpoint_id, 'replayed', jsonb_build_object('since', p_since, 'until', p_until,
      'event_types', p_event_types, 'only', p_only, 'answer', answer));
  END IF;
END $$;
