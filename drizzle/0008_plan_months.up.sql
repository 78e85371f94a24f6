-- The months of yearly plans. A paid year is a row of grant_schedules; what later invoices change of it are rows of
-- grant_schedule_changes, which add up, so that the order in which they become known does not matter.
--
-- What a month of a year grants that begins at p_begins, and as which offer: the plan that was paid for with the year,
-- and what was changed before the month began. As far as the money of an upgrade has gone back, so has the upgrade.
CREATE FUNCTION plan_month(p_schedule grant_schedules, p_begins timestamptz, OUT credits bigint, OUT offer_id uuid)
LANGUAGE plpgsql STABLE AS $$
BEGIN
  SELECT prices.credits * p_schedule.quantity, prices.id INTO STRICT credits, offer_id
  FROM prices WHERE prices.id = p_schedule.offer_id;
  SELECT greatest(0, plan_month.credits + coalesce(sum(CASE WHEN invoiced.credits > 0 AND payment.amount_minor > 0
    THEN round(invoiced.credits::numeric * greatest(0,
      payment.amount_minor - payment.refunded_minor - payment.disputed_minor) / payment.amount_minor)
    ELSE invoiced.credits END), 0))
  INTO STRICT credits
  FROM (
    SELECT change.payment_id, sum(change.credits) AS credits FROM grant_schedule_changes AS change
    WHERE change.stripe_subscription_id = p_schedule.stripe_subscription_id
      AND change.period_end = p_schedule.period_end AND change.since < p_begins
    GROUP BY change.payment_id
  ) AS invoiced LEFT JOIN payments AS payment ON payment.id = invoiced.payment_id;
  offer_id := coalesce((
    SELECT change.offer_id FROM grant_schedule_changes AS change
    WHERE change.stripe_subscription_id = p_schedule.stripe_subscription_id
      AND change.period_end = p_schedule.period_end AND change.since < p_begins AND change.offer_id IS NOT NULL
    ORDER BY change.since DESC, change.created_at DESC, change.source_ref LIMIT 1), offer_id);
END $$;
--> statement-breakpoint
-- When the next month of a year is due that grants anything; null: none will.
CREATE FUNCTION next_plan_month_at(p_schedule grant_schedules) RETURNS timestamptz LANGUAGE plpgsql STABLE AS $$
DECLARE
  month integer := p_schedule.next_month;
  begins timestamptz;
BEGIN
  LOOP
    begins := add_months(p_schedule.period_start, month);
    IF begins >= p_schedule.period_end THEN
      RETURN NULL;
    ELSIF (plan_month(p_schedule, begins)).credits > 0 THEN
      RETURN begins;
    END IF;
    month := month + 1;
  END LOOP;
END $$;
--> statement-breakpoint
-- Notes a paid period of a yearly plan, whose months are granted one by one; the first one is the payment's own. Once.
CREATE FUNCTION schedule_plan_grants(
  p_source_ref text, p_customer_id uuid, p_stripe_subscription_id text, p_payment_id uuid, p_offer_id uuid,
  p_quantity integer, p_period_start timestamptz, p_period_end timestamptz, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  schedule grant_schedules;
BEGIN
  PERFORM lock_credit_account(p_customer_id);
  INSERT INTO grant_schedules
    (source_ref, customer_id, stripe_subscription_id, payment_id, offer_id, quantity, period_start, period_end, created_at)
  VALUES (p_source_ref, p_customer_id, p_stripe_subscription_id, p_payment_id, p_offer_id, p_quantity, p_period_start,
    p_period_end, p_now)
  ON CONFLICT (source_ref) DO NOTHING RETURNING * INTO schedule;
  UPDATE grant_schedules SET next_grant_at = next_plan_month_at(schedule) WHERE id = schedule.id;
  PERFORM refresh_plan_credits(p_stripe_subscription_id);
END $$;
--> statement-breakpoint
-- Looks again at whether a subscription's credits wait for a renewal. The caller has locked the account.
CREATE FUNCTION refresh_plan_credits(p_stripe_subscription_id text) RETURNS void LANGUAGE sql AS $$
  UPDATE credit_lots SET renews = plan_credits_renew(stripe_subscription_id, expires_at)
  WHERE stripe_subscription_id = p_stripe_subscription_id AND kind = 'plan' AND is_open
    AND renews <> plan_credits_renew(stripe_subscription_id, expires_at);
$$;
--> statement-breakpoint
-- Changes the months that yearly periods of a subscription still have by what an invoice (p_invoice_id) bills:
-- p_changes is a JSON list of {source_ref, period_end, since, credits, offer_id}, one for each of its lines. Months that
-- were granted before it became known are corrected at once, up or down, with credits that expire at p_expires_at. Once.
CREATE FUNCTION change_plan_months(
  p_invoice_id text, p_customer_id uuid, p_stripe_subscription_id text, p_payment_id uuid, p_changes jsonb,
  p_expires_at timestamptz, p_event_id text, p_actor text, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  correction bigint;
  newest_offer uuid;
BEGIN
  PERFORM lock_credit_account(p_customer_id);
  WITH noted AS (
    INSERT INTO grant_schedule_changes
      (source_ref, customer_id, stripe_subscription_id, period_end, since, credits, offer_id, payment_id, created_at)
    SELECT source_ref, p_customer_id, p_stripe_subscription_id, period_end, since, credits, offer_id, p_payment_id, p_now
    FROM jsonb_to_recordset(p_changes)
      AS change (source_ref text, period_end timestamptz, since timestamptz, credits bigint, offer_id uuid)
    ON CONFLICT (source_ref) DO NOTHING RETURNING *
  )
  SELECT sum(noted.credits * (
      SELECT count(*) FROM generate_series(1, schedule.next_month - 1) AS month
      WHERE add_months(schedule.period_start, month) > noted.since)),
    (array_agg(noted.offer_id ORDER BY noted.since DESC) FILTER (WHERE noted.offer_id IS NOT NULL))[1]
  INTO correction, newest_offer
  FROM noted JOIN grant_schedules AS schedule
    ON schedule.stripe_subscription_id = noted.stripe_subscription_id AND schedule.period_end = noted.period_end;
  IF correction > 0 THEN
    PERFORM grant_credits(p_customer_id, correction, 'plan', 'invoice_proration', p_invoice_id || ':months',
      'plan_change', newest_offer, p_payment_id, p_stripe_subscription_id, p_expires_at,
      'Months before the plan change was paid', NULL, p_event_id, p_actor, p_now);
  ELSIF correction < 0 THEN
    PERFORM claw_back_credits(p_customer_id, -correction, newest_plan_lot(p_stripe_subscription_id),
      format('proration:%s:months', p_invoice_id), 'Months before the plan change was known', NULL, p_event_id, p_actor,
      p_now);
  END IF;
  UPDATE grant_schedules AS schedule SET next_grant_at = next_plan_month_at(schedule)
  WHERE stripe_subscription_id = p_stripe_subscription_id
    AND next_grant_at IS DISTINCT FROM next_plan_month_at(schedule);
  PERFORM refresh_plan_credits(p_stripe_subscription_id);
END $$;
--> statement-breakpoint
-- The lot that a change of a subscription's plan takes credits back from first.
CREATE FUNCTION newest_plan_lot(p_stripe_subscription_id text) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT id FROM credit_lots
  WHERE stripe_subscription_id = p_stripe_subscription_id AND kind = 'plan' AND is_open
  ORDER BY period_end DESC, created_at DESC, id LIMIT 1;
$$;
--> statement-breakpoint
-- What each payment paid for of the p_credits that a month of a year grants: the year's own first, then those of
-- changes in their order, so that what was given back since is missing of the newest. What was paid by no money, or by
-- money that has gone back in part already, is the year's.
CREATE FUNCTION plan_month_parts(p_schedule grant_schedules, p_begins timestamptz, p_credits bigint)
RETURNS TABLE (payment_id uuid, credits bigint) LANGUAGE sql STABLE AS $$
  WITH paid AS (
    SELECT p_schedule.payment_id, prices.credits * p_schedule.quantity AS credits, '-infinity'::timestamptz AS since
    FROM prices WHERE prices.id = p_schedule.offer_id
    UNION ALL
    SELECT change.payment_id, sum(change.credits), min(change.since)
    FROM grant_schedule_changes AS change JOIN payments AS payment ON payment.id = change.payment_id
    WHERE change.stripe_subscription_id = p_schedule.stripe_subscription_id
      AND change.period_end = p_schedule.period_end AND change.since < p_begins
      AND payment.amount_minor > 0 AND payment.refunded_minor = 0 AND payment.disputed_minor = 0
    GROUP BY change.payment_id HAVING sum(change.credits) > 0
  ), part AS (
    SELECT paid.payment_id, greatest(0, least(paid.credits, p_credits - coalesce(sum(paid.credits) OVER (
      ORDER BY since, paid.payment_id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)))::bigint AS credits
    FROM paid
  ), part_of_change AS (
    SELECT * FROM part WHERE part.payment_id <> p_schedule.payment_id AND part.credits > 0
  )
  SELECT p_schedule.payment_id, p_credits - coalesce(sum(part_of_change.credits), 0)::bigint FROM part_of_change
  UNION ALL
  SELECT * FROM part_of_change;
$$;
--> statement-breakpoint
-- Grants the months of one yearly period that have begun, in their order. Answers how many it passed.
CREATE FUNCTION grant_plan_months(p_schedule_id uuid, p_now timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  schedule grant_schedules;
  month record;
  part record;
  is_change boolean;
  plan_name text;
  passed integer := 0;
BEGIN
  PERFORM lock_credit_account((SELECT customer_id FROM grant_schedules WHERE id = p_schedule_id));
  LOOP
    SELECT * INTO STRICT schedule FROM grant_schedules WHERE id = p_schedule_id;
    EXIT WHEN schedule.next_grant_at IS NULL OR schedule.next_grant_at > p_now;
    SELECT * INTO month FROM plan_month(schedule, add_months(schedule.period_start, schedule.next_month));
    plan_name := (SELECT plan.name FROM prices JOIN subscription_plans AS plan ON plan.id = prices.plan_id
      WHERE prices.id = month.offer_id);
    FOR part IN
      SELECT * FROM plan_month_parts(schedule, add_months(schedule.period_start, schedule.next_month), month.credits)
      WHERE credits > 0
    LOOP
      is_change := part.payment_id <> schedule.payment_id;
      PERFORM grant_credits(schedule.customer_id, part.credits, 'plan', 'plan_month',
        concat_ws(':', schedule.source_ref, schedule.next_month, CASE WHEN is_change THEN part.payment_id END),
        CASE WHEN is_change THEN 'plan_change' ELSE 'subscription_grant' END, month.offer_id,
        part.payment_id, schedule.stripe_subscription_id,
        least(add_months(schedule.period_start, schedule.next_month + 1), schedule.period_end),
        'Monthly credits of ' || plan_name || CASE WHEN is_change THEN ', by the change of plan' ELSE '' END,
        NULL, NULL, 'system:cron', p_now);
    END LOOP;
    schedule.next_month := schedule.next_month + 1;
    UPDATE grant_schedules SET next_month = schedule.next_month, next_grant_at = next_plan_month_at(schedule)
    WHERE id = p_schedule_id;
    passed := passed + 1;
  END LOOP;
  RETURN passed;
END $$;
