ALTER TABLE "auto_top_ups" ADD COLUMN "offer_id" uuid;
--> statement-breakpoint
ALTER TABLE "auto_top_ups" ADD COLUMN "due_since" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "auto_top_ups" ADD CONSTRAINT "auto_top_ups_offer_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "auto_top_ups_due" ON "auto_top_ups" USING btree ("due_since") WHERE "auto_top_ups"."is_enabled" and "auto_top_ups"."stopped_at" is null and "auto_top_ups"."due_since" is not null;
--> statement-breakpoint
CREATE INDEX "top_ups_lease_until" ON "top_ups" USING btree ("lease_until") WHERE "top_ups"."status" in ('started', 'processing');
--> statement-breakpoint
-- Trigger: notes since when its customer has fewer credits than a wish for automatic top-ups wants, so that those who
-- are due are found by an index. The account is locked.
CREATE FUNCTION note_top_up_due() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE auto_top_ups SET due_since = CASE WHEN due_since IS NULL THEN new.updated_at END
  WHERE customer_id = new.customer_id AND (due_since IS NULL) = (threshold > new.balance - new.held);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER top_up_due AFTER UPDATE OF balance, held ON credit_accounts FOR EACH ROW
  WHEN (old.balance - old.held <> new.balance - new.held) EXECUTE FUNCTION note_top_up_due();
--> statement-breakpoint
-- Keeps what a customer wants of automatic top-ups. It is the customer's act: what had stopped begins anew.
CREATE FUNCTION configure_top_up(
  p_customer_id uuid, p_is_enabled boolean, p_threshold bigint, p_package_id uuid, p_offer_id uuid,
  p_monthly_cap_minor bigint, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  account CONSTANT credit_accounts := lock_credit_account(p_customer_id);
BEGIN
  INSERT INTO auto_top_ups
    (customer_id, is_enabled, threshold, package_id, offer_id, monthly_cap_minor, due_since, updated_at)
  VALUES (p_customer_id, p_is_enabled, p_threshold, p_package_id, p_offer_id, p_monthly_cap_minor,
    CASE WHEN p_threshold > account.balance - account.held THEN p_now END, p_now)
  ON CONFLICT (customer_id) DO UPDATE SET
    is_enabled = excluded.is_enabled, threshold = excluded.threshold, package_id = excluded.package_id,
    offer_id = excluded.offer_id, monthly_cap_minor = excluded.monthly_cap_minor, due_since = excluded.due_since,
    declines = 0, stopped_at = NULL, stopped_reason = NULL, next_attempt_at = NULL, updated_at = excluded.updated_at;
END $$;
--> statement-breakpoint
-- Money of a customer's automatic top-ups, paid or under way, in the calendar month (UTC) of p_now.
CREATE FUNCTION top_up_money(p_customer_id uuid, p_currency text, p_now timestamptz)
RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT coalesce(sum(amount_minor), 0)::bigint FROM top_ups
  WHERE customer_id = p_customer_id AND currency = p_currency AND status <> 'failed'
    AND created_at >= date_trunc('month', p_now, 'UTC');
$$;
--> statement-breakpoint
-- Begins a top-up, if the customer wants one now and may have it, and answers what to charge: `id`,
-- `stripe_customer_id`, `currency`, `amount_minor`. Null otherwise. What nobody but the customer can change stops it;
-- a month whose cap is reached puts it off to the next one.
CREATE FUNCTION start_top_up(p_customer_id uuid, p_lease_seconds integer, p_now timestamptz)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts := lock_credit_account(p_customer_id);
  wish auto_top_ups;
  agreed prices;
  offer prices;
  charged_customer CONSTANT text := (SELECT stripe_customer_id FROM customers WHERE id = p_customer_id);
  spent bigint;
  started top_ups;
BEGIN
  SELECT * INTO wish FROM auto_top_ups
  WHERE customer_id = p_customer_id AND is_enabled AND stopped_at IS NULL
    AND (next_attempt_at IS NULL OR next_attempt_at <= p_now);
  IF NOT FOUND OR EXISTS (
    SELECT FROM top_ups WHERE customer_id = p_customer_id AND status IN ('started', 'processing')
  ) THEN
    RETURN NULL;
  END IF;
  account := settle_credit_account(account, p_now);
  PERFORM save_credit_account(account, p_now);
  IF wish.threshold <= account.balance - account.held THEN
    RETURN NULL;
  END IF;
  SELECT prices.* INTO offer FROM prices JOIN credit_packages AS package ON package.id = prices.package_id
  WHERE package.id = wish.package_id AND package.is_active
    AND valid_from <= p_now AND (valid_to IS NULL OR valid_to > p_now);
  SELECT * INTO agreed FROM prices WHERE id = wish.offer_id;
  IF offer.id IS NULL THEN
    PERFORM stop_top_up(p_customer_id, 'package_not_on_sale', NULL, p_now);
    RETURN NULL;
  ELSIF offer.currency IS DISTINCT FROM agreed.currency OR offer.amount_minor > agreed.amount_minor
    OR offer.credits < agreed.credits
  THEN
    PERFORM stop_top_up(p_customer_id, 'price_changed', NULL, p_now);
    RETURN NULL;
  ELSIF charged_customer IS NULL THEN
    PERFORM stop_top_up(p_customer_id, 'no_saved_card', NULL, p_now);
    RETURN NULL;
  ELSIF offer.stripe_price_id IS NULL THEN
    RETURN NULL;
  END IF;
  spent := top_up_money(p_customer_id, offer.currency, p_now);
  IF spent + offer.amount_minor > wish.monthly_cap_minor THEN
    UPDATE auto_top_ups SET next_attempt_at = add_months(date_trunc('month', p_now, 'UTC'), 1), updated_at = p_now
    WHERE customer_id = p_customer_id;
    INSERT INTO customer_notices (customer_id, notice_type, data, created_at)
    VALUES (p_customer_id, 'top_up.cap_reached', jsonb_build_object('monthly_cap', wish.monthly_cap_minor,
      'spent_this_month', spent, 'price', offer.amount_minor, 'currency', offer.currency), p_now);
    RETURN NULL;
  END IF;
  INSERT INTO top_ups (customer_id, offer_id, currency, amount_minor, lease_until, created_at)
  VALUES (p_customer_id, offer.id, offer.currency, offer.amount_minor,
    p_now + make_interval(secs => p_lease_seconds), p_now)
  RETURNING * INTO started;
  RETURN jsonb_build_object('id', started.id, 'stripe_customer_id', charged_customer, 'currency', started.currency,
    'amount_minor', started.amount_minor);
END $$;
--> statement-breakpoint
-- Keeps what became of a top-up's PaymentIntent: `paid` (the payment, and the credits of the offer), `processing` or
-- `failed` (why: p_failure_code). Whoever says it first says it; money that came after all is never ignored. After a
-- decline an hour goes by; the third in a row, and what the customer alone can mend, stop it. A charge that was
-- withdrawn was no decline.
CREATE FUNCTION settle_top_up(
  p_top_up_id uuid, p_outcome text, p_failure_code text, p_event_id text, p_actor text, p_paid_at timestamptz,
  p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  top_up top_ups;
  payment_id uuid;
  package record;
  declines_now integer;
BEGIN
  SELECT * INTO STRICT top_up FROM top_ups WHERE id = p_top_up_id;
  IF p_outcome = 'processing' THEN
    UPDATE top_ups SET status = 'processing', lease_until = p_now + interval '6 hours'
    WHERE id = p_top_up_id AND status = 'started';
  ELSIF p_outcome = 'paid' THEN
    -- The payment before the account, as reverse_payment locks them.
    INSERT INTO payments (customer_id, offer_id, stripe_payment_intent_id, currency, amount_minor, paid_at)
    VALUES (top_up.customer_id, top_up.offer_id, top_up.stripe_payment_intent_id, top_up.currency,
      top_up.amount_minor, p_paid_at)
    ON CONFLICT DO NOTHING;
    SELECT id INTO STRICT payment_id FROM payments
    WHERE stripe_payment_intent_id = top_up.stripe_payment_intent_id;
    PERFORM lock_credit_account(top_up.customer_id);
    SELECT prices.credits, credit_packages.name INTO STRICT package
    FROM prices JOIN credit_packages ON credit_packages.id = prices.package_id WHERE prices.id = top_up.offer_id;
    IF package.credits > 0 THEN
      PERFORM grant_credits(top_up.customer_id, package.credits, 'purchased', 'top_up', top_up.id::text, 'purchase',
        top_up.offer_id, payment_id, NULL, NULL, 'Automatic top-up: ' || package.name, NULL, p_event_id, p_actor,
        p_now);
    END IF;
    UPDATE top_ups SET status = 'paid', failure_code = NULL, settled_at = p_now
    WHERE id = p_top_up_id AND status <> 'paid';
    IF FOUND THEN
      UPDATE auto_top_ups SET declines = 0, next_attempt_at = NULL, updated_at = p_now
      WHERE customer_id = top_up.customer_id;
    END IF;
  ELSE
    PERFORM lock_credit_account(top_up.customer_id);
    UPDATE top_ups SET status = 'failed', failure_code = p_failure_code, settled_at = p_now
    WHERE id = p_top_up_id AND status IN ('started', 'processing');
    IF NOT FOUND OR p_failure_code = 'withdrawn' THEN
      RETURN;
    END IF;
    UPDATE auto_top_ups
    SET declines = declines + 1, next_attempt_at = p_now + interval '1 hour', updated_at = p_now
    WHERE customer_id = top_up.customer_id RETURNING declines INTO declines_now;
    IF p_failure_code IN ('authentication_required', 'no_saved_card') THEN
      PERFORM stop_top_up(top_up.customer_id, p_failure_code, p_failure_code, p_now);
    ELSIF declines_now >= 3 THEN
      PERFORM stop_top_up(top_up.customer_id, 'declined', p_failure_code, p_now);
    END IF;
  END IF;
END $$;
