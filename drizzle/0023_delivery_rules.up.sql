DROP INDEX "event_deliveries_due";
--> statement-breakpoint
CREATE INDEX "event_deliveries_due" ON "event_deliveries" USING btree (greatest("next_attempt_at", ("rung_at" at time zone 'UTC' + interval '1 minute') at time zone 'UTC')) WHERE "event_deliveries"."status" in ('pending', 'delivering');
--> statement-breakpoint
-- Deliveries: who may try one, and what becomes of it and of its endpoint.
--
-- Leases, retries and ages go by the database's clock, so that all workers agree on them. clock_timestamp(), and not
-- now(), where a statement may have waited for a lock. Nothing here waits for a delivery that it does not have: whoever
-- has one may wait for its endpoint's row.

-- Marks up to p_limit deliveries that are due as rung for, and answers them. One that was rung for a minute ago and is
-- still due counts as lost on the way, and is answered again, with `was_rung`.
CREATE FUNCTION dispatch_deliveries(p_limit integer) RETURNS TABLE (delivery_id uuid, was_rung boolean)
LANGUAGE sql AS $$
  WITH due AS MATERIALIZED (
    SELECT id, rung_at IS NOT NULL AS was_rung FROM event_deliveries
    WHERE status IN ('pending', 'delivering')
      AND greatest(next_attempt_at, (rung_at AT TIME ZONE 'UTC' + interval '1 minute') AT TIME ZONE 'UTC') <= now()
    ORDER BY greatest(next_attempt_at, (rung_at AT TIME ZONE 'UTC' + interval '1 minute') AT TIME ZONE 'UTC')
    LIMIT p_limit FOR UPDATE SKIP LOCKED
  ), rung AS (
    UPDATE event_deliveries SET rung_at = now() WHERE id = ANY (ARRAY(SELECT id FROM due))
  )
  SELECT id, was_rung FROM due;
$$;
--> statement-breakpoint
-- Takes a delivery for one worker, for p_lease_seconds. `outcome`:
--   claimed   it is the worker's: the other columns say what to send where. A secret before the present one is answered
--             for as long as it signs, too. `round`: the same for each try until it ends, another one after a replay
--   busy      its endpoint is being told as much at once as it should be; it is due again within a minute
--   canceled  its endpoint is disabled or deleted
--   buried    it is dead: the worker that had it did not come back, and there are no tries left (p_retries_at_most)
--   done      there is nothing to do: it is done, dead, not due or unknown, or another worker has it
-- An endpoint is told p_at_once things at a time, and while it fails p_at_once_failing: one that takes its time to answer
-- must not keep the workers from all others.
CREATE FUNCTION claim_delivery(
  p_id uuid, p_lease_seconds integer, p_retries_at_most integer, p_at_once integer, p_at_once_failing integer,
  OUT outcome text, OUT attempt integer, OUT round integer, OUT endpoint_id uuid, OUT url text, OUT format text, OUT sealed_secret text,
  OUT previous_sealed_secret text, OUT event_id text, OUT event_type text, OUT occurred_at text, OUT data jsonb
) LANGUAGE plpgsql AS $$
DECLARE
  delivery event_deliveries;
  endpoint event_endpoints;
  present timestamptz := clock_timestamp();
BEGIN
  outcome := 'done';
  SELECT * INTO delivery FROM event_deliveries AS d WHERE d.id = p_id FOR UPDATE SKIP LOCKED;
  IF delivery.status = 'delivering' AND delivery.lease_until <= present THEN
    UPDATE delivery_attempts AS a SET ended_at = present, error = 'worker_lost'
    WHERE a.delivery_id = p_id AND a.attempt = delivery.attempts AND a.ended_at IS NULL;
    delivery.failures := delivery.failures + 1;
    delivery.last_status_code := NULL;
    delivery.last_error := 'worker_lost';
  ELSIF delivery.status IS DISTINCT FROM 'pending' OR delivery.next_attempt_at > present THEN
    RETURN;
  END IF;
  SELECT * INTO endpoint FROM event_endpoints AS e WHERE e.id = delivery.endpoint_id;
  endpoint_id := endpoint.id;
  event_type := delivery.event_type;
  IF endpoint.deleted_at IS NOT NULL OR endpoint.is_enabled IS NOT TRUE THEN
    outcome := 'canceled';
    delivery.status := 'canceled';
  ELSIF delivery.failures > p_retries_at_most THEN
    outcome := 'buried';
    delivery.status := 'dead';
  ELSIF is_endpoint_busy(endpoint.id, CASE WHEN endpoint.failing_since IS NULL THEN p_at_once ELSE p_at_once_failing END)
  THEN
    outcome := 'busy';
    delivery.status := 'pending';
    delivery.next_attempt_at := clock_timestamp() + make_interval(secs => 15 + 30 * random());
  ELSE
    present := clock_timestamp();
    outcome := 'claimed';
    delivery.status := 'delivering';
    delivery.attempts := delivery.attempts + 1;
    attempt := delivery.attempts;
    -- Each try that came to nothing since the last replay counts in both.
    round := delivery.attempts - delivery.failures;
    url := endpoint.url;
    format := endpoint.format;
    sealed_secret := endpoint.sealed_secret;
    previous_sealed_secret := CASE WHEN endpoint.previous_secret_until > present THEN endpoint.previous_sealed_secret END;
    event_id := delivery.event_id;
    SELECT to_char(e.occurred_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), e.data
    INTO occurred_at, claim_delivery.data FROM outbound_events AS e WHERE e.id = delivery.event_id;
    INSERT INTO delivery_attempts (delivery_id, attempt, started_at) VALUES (p_id, delivery.attempts, present);
  END IF;
  UPDATE event_deliveries AS d
  SET status = delivery.status, attempts = delivery.attempts, failures = delivery.failures,
    lease_until = CASE WHEN outcome = 'claimed' THEN present + make_interval(secs => p_lease_seconds) END,
    -- While a worker has it, it is due when that one is taken for dead.
    next_attempt_at = CASE WHEN outcome = 'claimed' THEN present + make_interval(secs => p_lease_seconds)
      ELSE delivery.next_attempt_at END,
    rung_at = NULL, last_status_code = delivery.last_status_code, last_error = delivery.last_error
  WHERE d.id = p_id;
END $$;
--> statement-breakpoint
-- Whether an endpoint is being told p_at_once things. Locks until commit that there is only one who asks, so that those
-- who would take one each see what the others took.
CREATE FUNCTION is_endpoint_busy(p_endpoint_id uuid, p_at_once integer) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('endpoint:' || p_endpoint_id::text, 0));
  RETURN p_at_once <= (
    SELECT count(*) FROM event_deliveries
    WHERE endpoint_id = p_endpoint_id AND status = 'delivering' AND lease_until > clock_timestamp()
  );
END $$;
--> statement-breakpoint
-- Ends a worker's try of a delivery: taken (p_error is null), or not (p_error: names and codes). Raises RC410 when
-- another worker has taken the delivery over. After a failure it is due again after the next of p_delays_seconds, spread
-- by a tenth, but not before p_wait_seconds, which the endpoint may have asked for (a day at most); after the last delay
-- it is dead. An endpoint that says that it is gone (410), or has failed for p_failing_seconds and does so again, is
-- disabled, and what waits for it canceled. Answers what the delivery is now, and why its endpoint has been disabled by
-- this, if it has.
CREATE FUNCTION end_delivery(
  p_id uuid, p_attempt integer, p_status_code integer, p_error text, p_wait_seconds integer,
  p_delays_seconds integer[], p_failing_seconds integer,
  OUT status text, OUT due_in_seconds integer, OUT disabled_reason text
) LANGUAGE plpgsql AS $$
DECLARE
  delivery event_deliveries;
  present CONSTANT timestamptz := clock_timestamp();
  delay double precision;
BEGIN
  SELECT * INTO delivery FROM event_deliveries AS d
  WHERE d.id = p_id AND d.status = 'delivering' AND d.attempts = p_attempt FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the claim on the delivery is lost' USING ERRCODE = 'RC410';
  END IF;
  IF p_error IS NULL THEN
    status := 'delivered';
    UPDATE event_endpoints AS e SET failing_since = NULL
    WHERE e.id = delivery.endpoint_id AND e.failing_since IS NOT NULL;
  ELSE
    delivery.failures := delivery.failures + 1;
    delay := p_delays_seconds[delivery.failures] * (0.9 + 0.2 * random());
    disabled_reason := note_endpoint_failure(delivery.endpoint_id, p_status_code = 410, p_failing_seconds);
    status := CASE
      WHEN delay IS NULL THEN 'dead'
      WHEN EXISTS (SELECT FROM event_endpoints AS e
        WHERE e.id = delivery.endpoint_id AND e.is_enabled AND e.deleted_at IS NULL) THEN 'pending'
      ELSE 'canceled'
    END;
  END IF;
  IF status = 'pending' THEN
    delay := greatest(delay, least(coalesce(p_wait_seconds, 0), 86400));
    due_in_seconds := ceil(delay);
  END IF;
  UPDATE event_deliveries AS d
  SET status = end_delivery.status, failures = delivery.failures, lease_until = NULL, rung_at = NULL,
    next_attempt_at = CASE WHEN due_in_seconds IS NULL THEN present ELSE present + make_interval(secs => delay) END,
    last_status_code = p_status_code, last_error = p_error,
    delivered_at = CASE WHEN p_error IS NULL THEN present ELSE d.delivered_at END
  WHERE d.id = p_id;
  UPDATE delivery_attempts AS a SET ended_at = present, status_code = p_status_code, error = p_error
  WHERE a.delivery_id = p_id AND a.attempt = p_attempt;
END $$;
--> statement-breakpoint
-- Notes that an endpoint did not take something, the first time since it did; disables it where end_delivery says so, and
-- then answers why.
CREATE FUNCTION note_endpoint_failure(p_endpoint_id uuid, p_is_gone boolean, p_failing_seconds integer) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
  present CONSTANT timestamptz := clock_timestamp();
  reason text;
BEGIN
  UPDATE event_endpoints SET failing_since = present WHERE id = p_endpoint_id AND failing_since IS NULL;
  UPDATE event_endpoints
  SET is_enabled = false, disabled_reason = CASE WHEN p_is_gone THEN 'gone' ELSE 'failing' END, disabled_at = present
  WHERE id = p_endpoint_id AND is_enabled
    AND (p_is_gone OR failing_since <= present - make_interval(secs => p_failing_seconds))
  RETURNING disabled_reason INTO reason;
  IF FOUND THEN
    PERFORM cancel_waiting_deliveries(p_endpoint_id);
  END IF;
  RETURN reason;
END $$;
