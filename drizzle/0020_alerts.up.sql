CREATE INDEX "reconciliations_finished_at" ON "reconciliations" USING btree ("finished_at");
--> statement-breakpoint
CREATE INDEX "alerts_kind" ON "alerts" USING btree ("kind","opened_at","id");
--> statement-breakpoint
CREATE INDEX "alerts_unacknowledged" ON "alerts" USING btree ("opened_at","id") WHERE "alerts"."acknowledged_at" is null;
--> statement-breakpoint
-- Alerts: what is wrong now, and what of it is new or over. Each condition is a function of its own that answers rows
-- of an alert's subject and data; all of them read a bounded number of rows, by an index, however large the inbox is.
--
-- What guards and ages goes by the database's clock. Names and codes are all that data say of an event.

-- Since when an alert is open; null: it is not.
CREATE FUNCTION alert_open_since(p_kind text, p_subject text) RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT opened_at FROM alerts WHERE kind = p_kind AND subject = p_subject AND closed_at IS NULL;
$$;
--> statement-breakpoint
-- The attempts that failed since the last one that did not, newest first, of one type of event or (null) of all: up to
-- a hundred. One that is under way is neither; one of an event that is ignored by now is passed over.
CREATE FUNCTION failure_streak(p_event_type text) RETURNS SETOF webhook_attempts LANGUAGE plpgsql STABLE AS $$
DECLARE
  finished refcursor;
  attempt webhook_attempts;
  counted integer := 0;
BEGIN
  IF p_event_type IS NULL THEN
    OPEN finished FOR SELECT * FROM webhook_attempts
      WHERE ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1000;
  ELSE
    OPEN finished FOR SELECT * FROM webhook_attempts
      WHERE event_type = p_event_type AND ended_at IS NOT NULL ORDER BY ended_at DESC LIMIT 1000;
  END IF;
  LOOP
    FETCH finished INTO attempt;
    EXIT WHEN NOT FOUND OR attempt.outcome NOT IN ('failed', 'lost') OR counted = 100;
    CONTINUE WHEN EXISTS (
      SELECT FROM webhook_events WHERE webhook_events.event_id = attempt.event_id AND status = 'ignored');
    counted := counted + 1;
    RETURN NEXT attempt;
  END LOOP;
  CLOSE finished;
END $$;
--> statement-breakpoint
-- One streak in figures: how many failures, of how many types, and when the last one was.
CREATE FUNCTION describe_streak(
  p_event_type text, OUT failures integer, OUT types integer, OUT last_failed_at timestamptz, OUT data jsonb
) LANGUAGE sql STABLE AS $$
  SELECT count(*)::integer, count(DISTINCT event_type)::integer, max(ended_at),
    jsonb_build_object(
      'failures', count(*),
      'first_failed_at', wire_instant(min(ended_at)),
      'last_failed_at', wire_instant(max(ended_at)),
      'last_error', (array_agg(error ORDER BY ended_at DESC))[1],
      'event_types', to_jsonb(array_agg(DISTINCT event_type)),
      'event_ids', to_jsonb((array_agg(DISTINCT event_id))[1:5]))
  FROM failure_streak(p_event_type);
$$;
--> statement-breakpoint
-- Types of events, and `all` of them together, whose last p_failures attempts failed, the last one within two days: no
-- event waits longer for its next try. `all` takes failures of two types to open, and a success to be over.
CREATE FUNCTION alert_consecutive_failures(p_failures integer) RETURNS TABLE (subject text, data jsonb)
LANGUAGE sql STABLE AS $$
  -- A step for each type, by the index.
  WITH RECURSIVE newest AS (
    (SELECT a.event_type, a.outcome, a.ended_at FROM webhook_attempts AS a WHERE a.ended_at IS NOT NULL
     ORDER BY a.event_type DESC, a.ended_at DESC LIMIT 1)
    UNION ALL
    SELECT next.* FROM newest CROSS JOIN LATERAL (
      SELECT a.event_type, a.outcome, a.ended_at FROM webhook_attempts AS a
      WHERE a.event_type < newest.event_type AND a.ended_at IS NOT NULL
      ORDER BY a.event_type DESC, a.ended_at DESC LIMIT 1) AS next
  )
  SELECT newest.event_type, streak.data FROM newest
  CROSS JOIN LATERAL describe_streak(newest.event_type) AS streak
  WHERE newest.outcome IN ('failed', 'lost') AND newest.ended_at > now() - interval '2 days'
    AND streak.failures >= p_failures AND streak.last_failed_at > now() - interval '2 days'
  UNION ALL
  SELECT 'all', streak.data FROM describe_streak(NULL) AS streak
  WHERE streak.failures >= p_failures AND streak.last_failed_at > now() - interval '2 days'
    AND (streak.types > 1 OR alert_open_since('consecutive_failures', 'all') IS NOT NULL);
$$;
--> statement-breakpoint
-- Any event is dead. Up to a thousand are counted, the types are those of the oldest hundred.
CREATE FUNCTION alert_dead_events() RETURNS TABLE (subject text, data jsonb) LANGUAGE sql STABLE AS $$
  WITH oldest AS (
    SELECT event_id, event_type, received_at FROM webhook_events
    WHERE status = 'dead' ORDER BY received_at, event_id LIMIT 100
  )
  SELECT '', jsonb_build_object(
    'count', (SELECT count(*) FROM (SELECT FROM webhook_events WHERE status = 'dead' LIMIT 1000) AS dead),
    'event_types', to_jsonb(array_agg(DISTINCT event_type)),
    'event_ids', to_jsonb((array_agg(event_id ORDER BY received_at, event_id))[1:5]),
    'oldest_received_at', wire_instant(min(received_at)))
  FROM oldest HAVING count(*) > 0;
$$;
--> statement-breakpoint
-- Since when the event that has been due for longest is due: its next try, or the end of a lost worker's lease. Null:
-- none is due. One whose next try is to come waits for that, and is not due.
CREATE FUNCTION oldest_due_since() RETURNS timestamptz LANGUAGE sql STABLE AS $$
  SELECT least(
    (SELECT next_attempt_at FROM webhook_events
     WHERE status IN ('pending', 'failed', 'processing') AND status <> 'processing' AND next_attempt_at <= now()
     ORDER BY next_attempt_at LIMIT 1),
    (SELECT min(lease_until) FROM (
       SELECT lease_until FROM webhook_events WHERE status = 'processing' LIMIT 1000) AS taken
     WHERE lease_until <= now()));
$$;
--> statement-breakpoint
-- An event is due for more than five minutes. Up to a thousand that are due are counted.
CREATE FUNCTION alert_backlog_age() RETURNS TABLE (subject text, data jsonb) LANGUAGE sql STABLE AS $$
  SELECT '', jsonb_build_object(
    'age_seconds', floor(extract(epoch FROM now() - due_since))::bigint,
    'due_since', wire_instant(due_since),
    'count', (SELECT count(*) FROM (
      SELECT FROM webhook_events
      WHERE status IN ('pending', 'failed', 'processing')
        AND CASE status WHEN 'processing' THEN lease_until ELSE next_attempt_at END <= now()
        AND next_attempt_at <= now()
      LIMIT 1000) AS due))
  FROM oldest_due_since() AS due_since WHERE due_since < now() - interval '5 minutes';
$$;
--> statement-breakpoint
-- A look at Stripe's list of events found some that the inbox lacked, in the last 15 minutes. The figures are of all
-- looks since the alert opened.
CREATE FUNCTION alert_gap() RETURNS TABLE (subject text, data jsonb) LANGUAGE sql STABLE AS $$
  SELECT '', jsonb_build_object('stored', sum(stored), 'checks', count(*),
    'window_since', wire_instant(min(window_since)), 'last_found_at', wire_instant(max(updated_at)))
  FROM gap_checks
  WHERE stored > 0
    AND updated_at > least(now(), alert_open_since('gap', '')) - interval '15 minutes'
  HAVING max(updated_at) > now() - interval '15 minutes';
$$;
--> statement-breakpoint
-- Ten deliveries whose signature is not ours within five minutes; until none came for ten. By whole minutes, as they are
-- counted. The figures are since shortly before the alert opened.
CREATE FUNCTION alert_signature_failures() RETURNS TABLE (subject text, data jsonb) LANGUAGE sql STABLE AS $$
  SELECT '', jsonb_build_object('count', sum(refused.count)::bigint,
    'first_minute', wire_instant(min(refused.minute)), 'last_minute', wire_instant(max(refused.minute)))
  FROM webhook_rejections AS refused
  CROSS JOIN (SELECT alert_open_since('signature_failures', '') AS opened_at) AS present
  WHERE refused.code = 'invalid_signature'
    AND refused.minute > least(now(), present.opened_at) - interval '6 minutes'
  HAVING sum(refused.count) FILTER (WHERE refused.minute > now() - interval '6 minutes') >= 10
    OR bool_or(present.opened_at IS NOT NULL AND refused.minute > now() - interval '11 minutes');
$$;
--> statement-breakpoint
-- The last comparison with Stripe's books found differences, and has not repaired all of them.
CREATE FUNCTION alert_reconcile_differences() RETURNS TABLE (subject text, data jsonb) LANGUAGE sql STABLE AS $$
  WITH newest AS (
    SELECT id, finished_at, differences FROM reconciliations ORDER BY finished_at DESC LIMIT 1
  ), standing AS (
    SELECT newest.id, newest.finished_at, difference ->> 'kind' AS kind,
      jsonb_build_object('kind', difference -> 'kind', 'id', difference -> 'id', 'problem', difference -> 'problem',
        'repair', difference -> 'repair', 'outcome', difference -> 'outcome') AS difference
    FROM newest CROSS JOIN LATERAL jsonb_array_elements(newest.differences) AS found (difference)
    WHERE difference ->> 'outcome' IS DISTINCT FROM 'fixed'
  )
  SELECT '', jsonb_build_object('count', count(*), 'reconciliation_id', (array_agg(id))[1],
    'finished_at', wire_instant(max(finished_at)), 'kinds', to_jsonb(array_agg(DISTINCT kind)),
    'differences', to_jsonb((array_agg(difference))[1:5]))
  FROM standing HAVING count(*) > 0;
$$;
--> statement-breakpoint
-- Endpoints for outbound events that were disabled because they failed (not by an admin), and not put right since. The
-- URL is left out: those of some services are secrets, and a mail address is personal data.
CREATE FUNCTION alert_endpoint_disabled() RETURNS TABLE (subject text, data jsonb) LANGUAGE sql STABLE AS $$
  SELECT id::text, jsonb_build_object('endpoint_id', id, 'description', description, 'format', format,
    'reason', disabled_reason, 'disabled_at', wire_instant(disabled_at), 'failing_since', wire_instant(failing_since))
  FROM event_endpoints
  WHERE NOT is_enabled AND disabled_reason IN ('failing', 'gone') AND deleted_at IS NULL;
$$;
--> statement-breakpoint
-- What is wrong now. p_failures: how many failures in a row are too many.
CREATE FUNCTION alert_conditions(p_failures integer) RETURNS TABLE (kind text, subject text, data jsonb)
LANGUAGE sql STABLE AS $$
  SELECT 'consecutive_failures', found.* FROM alert_consecutive_failures(p_failures) AS found
  UNION ALL SELECT 'dead_events', found.* FROM alert_dead_events() AS found
  UNION ALL SELECT 'backlog_age', found.* FROM alert_backlog_age() AS found
  UNION ALL SELECT 'gap', found.* FROM alert_gap() AS found
  UNION ALL SELECT 'signature_failures', found.* FROM alert_signature_failures() AS found
  UNION ALL SELECT 'reconcile_differences', found.* FROM alert_reconcile_differences() AS found
  UNION ALL SELECT 'endpoint_disabled', found.* FROM alert_endpoint_disabled() AS found;
$$;
--> statement-breakpoint
-- Opens an alert for each condition that has none, brings the figures of the open ones up to date, and closes those
-- whose condition is gone. Answers which were opened and closed by this call. Two calls at once: the second waits, and
-- then looks at what the first has left, so that each alert is opened once and closed once.
CREATE FUNCTION evaluate_alerts(p_failures integer)
RETURNS TABLE (change text, alert_id uuid, alert_kind text, alert_subject text) LANGUAGE plpgsql AS $$
DECLARE
  present timestamptz;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('evaluate_alerts', 0));
  present := clock_timestamp();
  RETURN QUERY
    WITH found AS MATERIALIZED (
      SELECT * FROM alert_conditions(p_failures)
    ), seen AS (
      INSERT INTO alerts AS alert (kind, subject, data, opened_at, last_seen_at)
      SELECT kind, subject, data, present, present FROM found
      ON CONFLICT (kind, subject) WHERE closed_at IS NULL
      DO UPDATE SET data = excluded.data, last_seen_at = excluded.last_seen_at
      RETURNING alert.id, alert.kind, alert.subject, alert.opened_at = present AS is_new
    ), over AS (
      UPDATE alerts AS alert SET closed_at = present
      WHERE closed_at IS NULL
        AND NOT EXISTS (SELECT FROM found WHERE found.kind = alert.kind AND found.subject = alert.subject)
      RETURNING alert.id, alert.kind, alert.subject
    )
    SELECT 'opened', id, kind, subject FROM seen WHERE is_new
    UNION ALL
    SELECT 'closed', id, kind, subject FROM over;
END $$;
--> statement-breakpoint
-- Notes that a part of the installation was at work p_seconds_ago. One that is told late does not take it back.
CREATE FUNCTION beat_heart(p_name text, p_seconds_ago double precision) RETURNS void LANGUAGE sql AS $$
  INSERT INTO heartbeats (name, beat_at) VALUES (p_name, now() - make_interval(secs => p_seconds_ago))
  ON CONFLICT (name) DO UPDATE SET beat_at = greatest(heartbeats.beat_at, excluded.beat_at);
$$;
--> statement-breakpoint
-- How the installation does: when cron trigger and queue were last seen at work, since when the event that waits for
-- longest has been due, and when Stripe was last heard: it delivered an event, or answered what it had.
CREATE FUNCTION operational_state(
  OUT present timestamptz, OUT cron_at timestamptz, OUT queue_at timestamptz, OUT oldest_due_at timestamptz,
  OUT stripe_at timestamptz
) LANGUAGE sql STABLE AS $$
  SELECT now(),
    (SELECT beat_at FROM heartbeats WHERE name = 'cron'),
    (SELECT beat_at FROM heartbeats WHERE name = 'queue'),
    oldest_due_since(),
    greatest(
      (SELECT received_at FROM webhook_events WHERE received_by <> 'replay' ORDER BY received_at DESC LIMIT 1),
      (SELECT finished_at FROM gap_checks WHERE finished_at IS NOT NULL ORDER BY updated_at DESC LIMIT 1));
$$;
