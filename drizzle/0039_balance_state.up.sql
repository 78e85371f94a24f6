-- What a balance is made of. A function, and no statement: a session plans it once, and the planning took ten times as
-- long as the reading.

-- The account's open lots in the order in which they are spent, with what was sold.
CREATE FUNCTION open_lots_of(p_customer_id uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(jsonb_build_object(
      'id', lot.id, 'kind', lot.kind, 'source', lot.source, 'name', coalesce(plan.name, package.name),
      'granted', lot.granted, 'remaining', lot.remaining, 'expires_at', lot.expires_at, 'renews', lot.renews,
      'created_at', lot.created_at, 'stripe_subscription_id', lot.stripe_subscription_id
    ) ORDER BY lot.expires_at NULLS LAST, lot.kind, lot.created_at, lot.id), '[]')
    FROM credit_lots AS lot
    LEFT JOIN prices AS offer ON offer.id = lot.offer_id
    LEFT JOIN subscription_plans AS plan ON plan.id = offer.plan_id
    LEFT JOIN credit_packages AS package ON package.id = offer.package_id
    WHERE lot.customer_id = p_customer_id AND lot.is_open
  );
END $$;
--> statement-breakpoint
-- Holds that nobody has ended, with the lots that they have reserved.
CREATE FUNCTION active_holds_of(p_customer_id uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(to_jsonb(hold) || jsonb_build_object('lots', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', part.lot_id, 'amount', part.amount)), '[]')
      FROM credit_hold_lots AS part WHERE part.hold_id = hold.id
    )) ORDER BY hold.created_at, hold.id), '[]')
    FROM credit_holds AS hold
    WHERE hold.customer_id = p_customer_id AND hold.status = 'active'
  );
END $$;
--> statement-breakpoint
-- What each subscription grants next: a month of a year that was paid for, or the first month of its next period, by the
-- plan that it then has. One that ends, is paused, or waits for its money grants nothing that has a date. Of a month
-- whose money has gone back, only what is not taken back at once comes.
CREATE FUNCTION next_grants_of(p_customer_id uuid) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
BEGIN
  RETURN (
    SELECT coalesce(jsonb_agg(to_jsonb(soonest)), '[]') FROM (
      SELECT DISTINCT ON (stripe_subscription_id) * FROM (
        SELECT schedule.stripe_subscription_id, schedule.next_grant_at AS at, kept.credits, plan.rollover_cap
        FROM grant_schedules AS schedule
        CROSS JOIN LATERAL plan_month(schedule, schedule.next_grant_at) AS month
        CROSS JOIN LATERAL (
          SELECT sum(part.credits - credits_gone_back(part.credits, payment))::bigint AS credits
          FROM plan_month_parts(schedule, schedule.next_grant_at, month.credits) AS part
          LEFT JOIN payments AS payment ON payment.id = part.payment_id
        ) AS kept
        JOIN prices AS offer ON offer.id = month.offer_id
        JOIN subscription_plans AS plan ON plan.id = offer.plan_id
        WHERE schedule.customer_id = p_customer_id AND schedule.next_grant_at IS NOT NULL
        UNION ALL
        SELECT subscription.stripe_subscription_id, subscription.current_period_end,
          offer.credits * subscription.quantity, plan.rollover_cap
        FROM subscriptions AS subscription
        JOIN prices AS offer ON offer.id = CASE
          WHEN subscription.next_offer_at <= subscription.current_period_end THEN subscription.next_offer_id
          ELSE subscription.offer_id END
        JOIN subscription_plans AS plan ON plan.id = offer.plan_id
        WHERE subscription.customer_id = p_customer_id AND subscription.status IN ('active', 'trialing')
          AND NOT subscription.cancel_at_period_end
          AND (subscription.cancel_at IS NULL OR subscription.cancel_at > subscription.current_period_end)
          AND (subscription.pause_behavior IS NULL
            OR subscription.pause_resumes_at <= subscription.current_period_end)
      ) AS upcoming
      WHERE credits > 0
      ORDER BY stripe_subscription_id, at
    ) AS soonest
  );
END $$;
--> statement-breakpoint
-- Everything that a customer's balance is made of, of one instant: the account, open lots, active holds, what plans grant
-- next, and whether there is a plan: a subscription that goes on, or a period that is paid for.
CREATE FUNCTION balance_state(p_customer_id uuid, p_now timestamptz) RETURNS jsonb LANGUAGE plpgsql STABLE AS $$
DECLARE
  v_account credit_accounts;
BEGIN
  SELECT * INTO v_account FROM credit_accounts WHERE customer_id = p_customer_id;
  RETURN jsonb_build_object(
    'account', CASE WHEN v_account.customer_id IS NOT NULL THEN to_jsonb(v_account) END,
    'lots', open_lots_of(p_customer_id),
    'holds', active_holds_of(p_customer_id),
    'next_grants', next_grants_of(p_customer_id),
    'has_plan', EXISTS (SELECT FROM subscriptions WHERE customer_id = p_customer_id
        AND status IN ('trialing', 'active', 'past_due'))
      OR EXISTS (SELECT FROM payments WHERE customer_id = p_customer_id AND period_end > p_now
        AND (amount_minor = 0 OR refunded_minor + disputed_minor < amount_minor))
  );
END $$;
