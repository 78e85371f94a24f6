-- The inbox's rules: who may take an event, what becomes of it, and what happened, for others to be told.
--
-- Ages, leases and retries go by the database's clock, so that all workers agree on them. clock_timestamp(), and not
-- now(), where a statement may have waited for a lock.

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
  ON webhook_actions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE
  ON event_endpoints FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE
  ON alerts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- What waits when this comes: whom it is about, as far as it says so in the usual way.
UPDATE webhook_events SET stripe_customer_id = substring(payload FROM '"customer":\s*"(cus_[A-Za-z0-9]+)"')
WHERE status IN ('pending', 'failed', 'processing', 'dead');
--> statement-breakpoint
UPDATE webhook_events SET failures = CASE WHEN status IN ('failed', 'dead') THEN attempts ELSE greatest(attempts - 1, 0) END
WHERE status IN ('pending', 'failed', 'processing', 'dead');
--> statement-breakpoint
-- Marks an event that its caller has locked as taken by a worker until the lease is over. Answers the attempt's number.
CREATE FUNCTION take_webhook_event(p_event webhook_events, p_lease_seconds integer) RETURNS integer
LANGUAGE plpgsql AS $$
DECLARE
  present CONSTANT timestamptz := clock_timestamp();
BEGIN
  UPDATE webhook_attempts SET ended_at = present, outcome = 'lost', error = 'worker_lost'
  WHERE event_id = p_event.event_id AND attempt = p_event.attempts AND ended_at IS NULL;
  UPDATE webhook_events
  SET status = 'processing', attempts = p_event.attempts + 1, failures = p_event.failures,
    lease_until = present + make_interval(secs => p_lease_seconds)
  WHERE event_id = p_event.event_id;
  INSERT INTO webhook_attempts (event_id, attempt, event_type, started_at)
  VALUES (p_event.event_id, p_event.attempts + 1, p_event.event_type, present);
  RETURN p_event.attempts + 1;
END $$;
--> statement-breakpoint
-- Whether a worker has an event of this customer of Stripe's. Locks until commit that there is only one who asks, so
-- that of two who would take one each, the second sees what the first took.
CREATE FUNCTION is_customer_in_work(p_stripe_customer_id text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended(p_stripe_customer_id, 0));
  RETURN EXISTS (
    SELECT FROM webhook_events
    WHERE stripe_customer_id = p_stripe_customer_id AND status = 'processing' AND lease_until > clock_timestamp()
  );
END $$;
--> statement-breakpoint
-- Takes an event for one worker, for p_lease_seconds. `outcome`:
--   claimed  it is the worker's: `payload`, `attempt`
--   busy     another event of its customer is being processed; who has that one takes this one next
--   waits    its next try is due in `due_in_seconds`
--   buried   it is dead: the worker that had it did not come back, and there are no tries left (p_retries_at_most)
--   done     there is nothing to do: it is done, dead or unknown, or another worker has it
-- Waits for no other event's row: whoever has this one locked is ending or taking it.
CREATE FUNCTION claim_webhook_event(
  p_event_id text, p_lease_seconds integer, p_retries_at_most integer,
  OUT outcome text, OUT payload text, OUT attempt integer, OUT event_type text, OUT due_in_seconds integer
) LANGUAGE plpgsql AS $$
DECLARE
  event webhook_events;
  is_lost boolean;
BEGIN
  outcome := 'done';
  SELECT * INTO event FROM webhook_events WHERE event_id = p_event_id FOR UPDATE SKIP LOCKED;
  event_type := event.event_type;
  is_lost := event.status = 'processing' AND event.lease_until <= clock_timestamp();
  IF event.status IN ('pending', 'failed') AND event.next_attempt_at > clock_timestamp() THEN
    outcome := 'waits';
    due_in_seconds := ceil(extract(epoch FROM event.next_attempt_at - clock_timestamp()));
  ELSIF event.status IN ('pending', 'failed') OR is_lost THEN
    IF is_lost THEN
      event.failures := event.failures + 1;
    END IF;
    IF event.failures > p_retries_at_most THEN
      outcome := 'buried';
      UPDATE webhook_attempts SET ended_at = clock_timestamp(), outcome = 'lost', error = 'worker_lost'
      WHERE webhook_attempts.event_id = p_event_id AND webhook_attempts.attempt = event.attempts AND ended_at IS NULL;
      UPDATE webhook_events
      SET status = 'dead', failures = event.failures, lease_until = NULL, last_error = 'worker_lost'
      WHERE event_id = p_event_id;
    ELSIF event.stripe_customer_id IS NOT NULL AND is_customer_in_work(event.stripe_customer_id) THEN
      outcome := 'busy';
    ELSE
      outcome := 'claimed';
      payload := event.payload;
      attempt := take_webhook_event(event, p_lease_seconds);
    END IF;
  END IF;
END $$;
--> statement-breakpoint
-- After an event has ended, in the same transaction: takes the next one of its customer that is due, the oldest at
-- Stripe first. Whoever found the customer busy has left it to this. No row: there is none. One that a lost worker had,
-- and that has no tries left, is for the sweep to bury.
CREATE FUNCTION claim_next_webhook_event(p_event_id text, p_lease_seconds integer, p_retries_at_most integer)
RETURNS TABLE (event_id text, payload text, attempt integer) LANGUAGE plpgsql AS $$
DECLARE
  customer CONSTANT text := (SELECT e.stripe_customer_id FROM webhook_events AS e WHERE e.event_id = p_event_id);
  event webhook_events;
BEGIN
  IF customer IS NULL OR is_customer_in_work(customer) THEN
    RETURN;
  END IF;
  SELECT e.* INTO event FROM webhook_events AS e
  WHERE e.stripe_customer_id = customer AND (
    (e.status IN ('pending', 'failed') AND e.next_attempt_at <= clock_timestamp())
    OR (e.status = 'processing' AND e.lease_until <= clock_timestamp() AND e.failures < p_retries_at_most))
  ORDER BY e.stripe_created, e.received_at, e.event_id LIMIT 1 FOR UPDATE SKIP LOCKED;
  IF FOUND THEN
    event.failures := event.failures + (event.status = 'processing')::integer;
    RETURN QUERY SELECT event.event_id, event.payload, take_webhook_event(event, p_lease_seconds);
  END IF;
END $$;
--> statement-breakpoint
-- Ends a worker's attempt, by p_outcome `processed`, `ignored` (p_detail: why) or `failed` (p_detail: names and codes).
-- Raises RC410 when another worker has taken the event over. A failed event is due again after the next of
-- p_delays_seconds, spread by a tenth, so that what failed together does not come back together; after the last it is
-- dead. Answers what it is now.
CREATE FUNCTION end_webhook_attempt(
  p_event_id text, p_attempt integer, p_outcome text, p_detail text, p_customer_id uuid, p_delays_seconds integer[],
  OUT status text, OUT due_in_seconds integer
) LANGUAGE plpgsql AS $$
DECLARE
  event webhook_events;
  present CONSTANT timestamptz := clock_timestamp();
  delay double precision;
BEGIN
  SELECT * INTO event FROM webhook_events AS e
  WHERE e.event_id = p_event_id AND e.status = 'processing' AND e.attempts = p_attempt FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the claim on the event is lost' USING ERRCODE = 'RC410';
  END IF;
  status := p_outcome;
  IF p_outcome = 'failed' THEN
    event.failures := event.failures + 1;
    delay := p_delays_seconds[event.failures] * (0.9 + 0.2 * random());
    status := CASE WHEN delay IS NULL THEN 'dead' ELSE 'failed' END;
    due_in_seconds := ceil(delay);
  END IF;
  UPDATE webhook_events AS e
  SET status = end_webhook_attempt.status, lease_until = NULL, failures = event.failures,
    next_attempt_at = coalesce(present + make_interval(secs => delay), e.next_attempt_at),
    last_error = CASE WHEN p_outcome = 'failed' THEN p_detail END,
    ignored_reason = CASE WHEN p_outcome = 'ignored' THEN p_detail END,
    customer_id = coalesce(p_customer_id, e.customer_id),
    processed_at = CASE WHEN p_outcome <> 'failed' THEN present END
  WHERE e.event_id = p_event_id;
  UPDATE webhook_attempts AS a
  SET ended_at = present, outcome = p_outcome, error = CASE WHEN p_outcome = 'failed' THEN p_detail END
  WHERE a.event_id = p_event_id AND a.attempt = p_attempt;
END $$;
--> statement-breakpoint
-- Begins the transaction that commits an event's effects: without the claim, none of them happens (RC410). What is
-- told of them names the event.
CREATE OR REPLACE FUNCTION complete_webhook_event(p_event_id text, p_attempt integer, p_customer_id uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM end_webhook_attempt(p_event_id, p_attempt, 'processed', NULL, p_customer_id, NULL);
  PERFORM set_config('ratecard.event_id', p_event_id, true);
END $$;
--> statement-breakpoint
-- As times are written on the wire.
CREATE FUNCTION wire_instant(p_instant timestamptz) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT to_char(p_instant AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');
$$;
--> statement-breakpoint
-- Notes that something happened, for every endpoint that wants to be told of its type. p_occurred_at is the business's
-- time. `data` gets the customer as the product knows them.
CREATE FUNCTION emit_event(p_event_type text, p_customer_id uuid, p_data jsonb, p_occurred_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  customer jsonb;
  event text;
BEGIN
  IF p_customer_id IS NOT NULL THEN
    SELECT jsonb_build_object('customer', jsonb_build_object('id', id, 'issuer', issuer, 'subject', subject))
    INTO customer FROM customers WHERE id = p_customer_id;
  END IF;
  INSERT INTO outbound_events (event_type, customer_id, data, cause_event_id, occurred_at)
  VALUES (p_event_type, p_customer_id, coalesce(customer, '{}') || p_data,
    nullif(current_setting('ratecard.event_id', true), ''), p_occurred_at)
  RETURNING id INTO event;
  INSERT INTO event_deliveries (endpoint_id, event_id, event_type)
  SELECT id, event, p_event_type FROM event_endpoints
  WHERE is_enabled AND deleted_at IS NULL AND wants_event(event_types, p_event_type);
END $$;
--> statement-breakpoint
-- Whether a type is among those of an endpoint: itself, its family (`credits.*`), or `*`.
CREATE FUNCTION wants_event(p_wanted text[], p_event_type text) RETURNS boolean LANGUAGE sql IMMUTABLE AS $$
  SELECT p_wanted && ARRAY[p_event_type, split_part(p_event_type, '.', 1) || '.*', '*'];
$$;
--> statement-breakpoint
-- Trigger: credits that came, went back, or ended. What is spent is not told: whoever spends knows.
CREATE FUNCTION tell_credits() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM emit_event(
    CASE new.transaction_type
      WHEN 'clawback' THEN 'credits.clawed_back' WHEN 'restore' THEN 'credits.restored'
      WHEN 'expiry' THEN 'credits.expired' WHEN 'adjustment' THEN 'credits.adjusted' ELSE 'credits.granted'
    END,
    new.customer_id,
    jsonb_build_object('transaction_id', new.id, 'transaction_type', new.transaction_type, 'amount', new.amount,
      'balance', new.balance_after, 'available', greatest(0, new.balance_after - new.held_after),
      'debt', new.debt_after, 'description', new.description),
    new.created_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tell AFTER INSERT ON credit_transactions FOR EACH ROW
  WHEN (new.transaction_type NOT IN ('spend', 'capture', 'debt_repayment', 'import'))
  EXECUTE FUNCTION tell_credits();
--> statement-breakpoint
-- Trigger: what a customer is told (`credits.low`, `top_up.stopped`, …), the product is told, too.
CREATE FUNCTION tell_notice() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM emit_event(new.notice_type, new.customer_id, new.data, new.created_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tell AFTER INSERT ON customer_notices FOR EACH ROW EXECUTE FUNCTION tell_notice();
--> statement-breakpoint
-- Trigger: what became of a subscription, as it is now, and which members changed from what to what.
CREATE FUNCTION tell_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  state jsonb;
BEGIN
  SELECT jsonb_build_object('subscription_id', s.id, 'stripe_subscription_id', s.stripe_subscription_id,
    'status', s.status, 'plan', plan.plan_key, 'price_id', offer.stripe_price_id, 'quantity', s.quantity,
    'current_period_start', wire_instant(s.current_period_start),
    'current_period_end', wire_instant(s.current_period_end), 'cancel_at_period_end', s.cancel_at_period_end,
    'cancel_at', wire_instant(s.cancel_at), 'ended_at', wire_instant(s.ended_at),
    'trial_end', wire_instant(s.trial_end))
  INTO state
  FROM subscriptions AS s LEFT JOIN prices AS offer ON offer.id = s.offer_id
  LEFT JOIN subscription_plans AS plan ON plan.id = offer.plan_id
  WHERE s.id = new.subscription_id;
  PERFORM emit_event('subscription.changed', new.customer_id,
    state || jsonb_build_object('changed', (SELECT jsonb_agg(key ORDER BY key) FROM jsonb_object_keys(new.changes) AS key)),
    new.changed_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tell AFTER INSERT ON subscription_changes FOR EACH ROW EXECUTE FUNCTION tell_subscription();
--> statement-breakpoint
-- Trigger: money that arrived, went back, or is disputed.
CREATE FUNCTION tell_payment() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  item record;
BEGIN
  SELECT found.item_key INTO item FROM prices AS offer CROSS JOIN LATERAL offer_item(offer) AS found
  WHERE offer.id = new.offer_id;
  PERFORM emit_event(
    CASE
      WHEN tg_op = 'INSERT' THEN 'payment.succeeded'
      WHEN new.refunded_minor <> old.refunded_minor THEN 'payment.refunded'
      ELSE 'payment.disputed'
    END,
    new.customer_id,
    jsonb_build_object('payment_id', new.id, 'item', item.item_key, 'currency', new.currency,
      'amount', new.amount_minor, 'refunded', new.refunded_minor, 'disputed', new.disputed_minor,
      'dispute_status', new.dispute_status, 'stripe_payment_intent_id', new.stripe_payment_intent_id,
      'stripe_invoice_id', new.stripe_invoice_id),
    CASE WHEN tg_op = 'INSERT' THEN new.paid_at ELSE now() END);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tell_paid AFTER INSERT ON payments FOR EACH ROW EXECUTE FUNCTION tell_payment();
--> statement-breakpoint
CREATE TRIGGER tell_reversed AFTER UPDATE OF refunded_minor, disputed_minor, dispute_status ON payments FOR EACH ROW
  WHEN (old.refunded_minor <> new.refunded_minor OR old.disputed_minor <> new.disputed_minor
    OR old.dispute_status IS DISTINCT FROM new.dispute_status)
  EXECUTE FUNCTION tell_payment();
--> statement-breakpoint
-- Trigger: every row of the pricing history is told: terms of an offer as `price.changed`, what an operation costs as
-- `cost.changed`, the rest as `plan.changed` and `package.changed`. A price that is scheduled is told when that is
-- decided; `effective_from` says when it holds.
CREATE FUNCTION tell_pricing() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM emit_event(
    CASE
      WHEN new.item_type = 'operation' THEN 'cost.changed'
      WHEN new.field_changed IN ('price', 'currency', 'credits', 'valid_to') THEN 'price.changed'
      ELSE new.item_type || '.changed'
    END,
    NULL,
    jsonb_build_object('item_type', new.item_type, 'item', new.item_key, 'field', new.field_changed,
      'old_value', new.old_value, 'new_value', new.new_value, 'effective_from', wire_instant(new.effective_from)),
    new.changed_at);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tell AFTER INSERT ON pricing_history FOR EACH ROW EXECUTE FUNCTION tell_pricing();
--> statement-breakpoint
-- Trigger: an alert is told when it opens, and when it closes.
CREATE FUNCTION tell_alert() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM emit_event(
    CASE WHEN tg_op = 'INSERT' THEN 'alert.opened' ELSE 'alert.closed' END, NULL,
    jsonb_build_object('alert_id', new.id, 'kind', new.kind, 'subject', new.subject,
      'opened_at', wire_instant(new.opened_at), 'closed_at', wire_instant(new.closed_at), 'details', new.data),
    coalesce(new.closed_at, new.opened_at));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER tell_opened AFTER INSERT ON alerts FOR EACH ROW EXECUTE FUNCTION tell_alert();
--> statement-breakpoint
CREATE TRIGGER tell_closed AFTER UPDATE OF closed_at ON alerts FOR EACH ROW
  WHEN (old.closed_at IS NULL AND new.closed_at IS NOT NULL) EXECUTE FUNCTION tell_alert();
