-- One subscription at a time. Whoever opens a pay page for a plan, keeps one or closes the others has locked the row of
-- the customer: so of two pages the later one knows of the earlier one, or the earlier one learns of the later one.
-- The lock lets others refer to the customer: who has the account writes a notice, and waits for nobody who wants both.
--
-- What a customer is subscribed to, by Stripe's word, or (`pending`) by a checkout that is complete or a period that is
-- paid for, while the subscription itself is not known (`is_known`). An `incomplete` one was never paid for.
CREATE FUNCTION present_subscription(p_customer_id uuid, p_now timestamptz)
RETURNS TABLE (stripe_subscription_id text, offer_id uuid, status text, is_known boolean) LANGUAGE sql STABLE AS $$
  SELECT found.subscription, found.offer, found.status, found.is_known FROM (
    SELECT 1 AS rank, own.started_at AS since, own.stripe_subscription_id AS subscription, own.offer_id AS offer,
      own.status, true AS is_known
    FROM subscriptions AS own
    WHERE own.customer_id = p_customer_id AND own.status NOT IN ('canceled', 'incomplete', 'incomplete_expired')
    UNION ALL
    SELECT 2, checkout.completed_at, checkout.stripe_subscription_id, checkout.offer_id, 'pending', known.id IS NOT NULL
    FROM checkouts AS checkout
    LEFT JOIN subscriptions AS known ON known.stripe_subscription_id = checkout.stripe_subscription_id
    WHERE checkout.customer_id = p_customer_id AND checkout.mode = 'subscription'
      AND checkout.status IN ('processing', 'paid')
      AND (known.id IS NULL OR known.status NOT IN ('canceled', 'incomplete_expired'))
    UNION ALL
    SELECT 3, payment.paid_at, payment.stripe_subscription_id, payment.offer_id, 'pending', false
    FROM payments AS payment
    LEFT JOIN subscriptions AS known ON known.stripe_subscription_id = payment.stripe_subscription_id
    WHERE payment.customer_id = p_customer_id AND payment.stripe_subscription_id IS NOT NULL
      AND payment.period_end > p_now AND known.id IS NULL
  ) AS found
  ORDER BY found.rank, found.since LIMIT 1;
$$;
--> statement-breakpoint
-- Keeps the pay page of a checkout for a plan, and notes which others (p_closed) were closed for it. Raises RC411 when
-- another checkout for a plan was opened or completed meanwhile: this page is not to be paid.
CREATE FUNCTION keep_subscription_session(
  p_checkout_id uuid, p_session_id text, p_expires_at timestamptz, p_closed uuid[], p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  mine checkouts;
BEGIN
  SELECT * INTO STRICT mine FROM checkouts WHERE id = p_checkout_id;
  PERFORM FROM customers WHERE id = mine.customer_id FOR NO KEY UPDATE;
  IF EXISTS (SELECT FROM present_subscription(mine.customer_id, p_now)) OR EXISTS (
    SELECT FROM checkouts
    WHERE customer_id = mine.customer_id AND mode = 'subscription' AND status IN ('opening', 'open')
      AND created_at > mine.created_at
  ) THEN
    RAISE EXCEPTION 'another checkout is newer' USING ERRCODE = 'RC411';
  END IF;
  UPDATE checkouts SET status = 'expired' WHERE id = ANY (p_closed) AND status IN ('opening', 'open');
  UPDATE checkouts SET status = 'open', stripe_session_id = p_session_id, expires_at = p_expires_at
  WHERE id = p_checkout_id AND status = 'opening';
END $$;
--> statement-breakpoint
-- After a customer has subscribed: notes which of the other pay pages for plans were closed (p_closed). Raises RC411
-- when there is an open one that the caller has not seen (p_seen).
CREATE FUNCTION close_subscription_checkouts(p_customer_id uuid, p_closed uuid[], p_seen uuid[], p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM customers WHERE id = p_customer_id FOR NO KEY UPDATE;
  UPDATE checkouts SET status = 'expired' WHERE id = ANY (p_closed) AND status IN ('opening', 'open');
  IF EXISTS (
    SELECT FROM checkouts
    WHERE customer_id = p_customer_id AND mode = 'subscription' AND status = 'open' AND expires_at > p_now
      AND NOT id = ANY (p_seen)
  ) THEN
    RAISE EXCEPTION 'another checkout is open' USING ERRCODE = 'RC411';
  END IF;
END $$;
