-- The ledger's rules. Every movement of credits is one call of one function, and each of them locks the account's row
-- first, so that whatever else moves the same customer's credits comes before it or after it.
--
-- What holds after each of them:
--   account.balance = sum of the transactions' amounts = sum of what the lots have left - account.debt
--   account.held = sum of the active holds = sum of what the lots have reserved; available = balance - held
--   a lot's remaining = sum of its rows in credit_transaction_lots
--   a transaction's amount = sum of its rows in credit_transaction_lots - its debt_change
--
-- Instants (p_now) come from the caller's clock, which also decides what readers are shown.

ALTER TABLE credit_lots SET (fillfactor = 80);
--> statement-breakpoint
ALTER TABLE credit_accounts SET (fillfactor = 50);
--> statement-breakpoint
-- What was there before these rules: grants alone, each by one transaction that names its fact as its lot does.
UPDATE credit_lots SET kind = 'plan' WHERE source = 'invoice_line';
--> statement-breakpoint
INSERT INTO credit_transaction_lots (transaction_id, lot_id, amount)
SELECT t.id, l.id, t.amount
FROM credit_transactions AS t
JOIN credit_lots AS l ON l.source_ref = t.source_ref AND l.customer_id = t.customer_id AND l.granted = t.amount;
--> statement-breakpoint
UPDATE credit_accounts AS a
SET purchased = moved.purchased, last_reset_at = moved.last_reset_at, allocation = moved.allocation
FROM (
  SELECT customer_id, coalesce(sum(amount) FILTER (WHERE transaction_type = 'purchase'), 0) AS purchased,
    max(created_at) FILTER (WHERE transaction_type = 'subscription_grant') AS last_reset_at,
    coalesce((array_agg(amount ORDER BY sequence DESC) FILTER (WHERE transaction_type = 'subscription_grant'))[1], 0)
      AS allocation
  FROM credit_transactions GROUP BY customer_id
) AS moved
WHERE moved.customer_id = a.customer_id;
--> statement-breakpoint
-- A trial's credits and the costs of operations are part of the catalogue: each change has its row in the history.
CREATE OR REPLACE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON subscription_plans FOR EACH ROW
  EXECUTE FUNCTION record_item_changes(
    'plan', 'plan_key', 'name', 'interval', 'rollover_cap', 'trial_credits', 'features', 'is_active', 'sort_order');
--> statement-breakpoint
CREATE OR REPLACE TRIGGER item_version BEFORE UPDATE ON subscription_plans FOR EACH ROW
  EXECUTE FUNCTION count_up_item_version(
    'plan_key', 'name', 'interval', 'rollover_cap', 'trial_credits', 'features', 'is_active', 'sort_order');
--> statement-breakpoint
CREATE OR REPLACE TRIGGER catalogue_version
  AFTER INSERT OR DELETE OR UPDATE OF plan_key, name, interval, rollover_cap, trial_credits, features, is_active,
    sort_order
  ON subscription_plans FOR EACH STATEMENT EXECUTE FUNCTION count_up_catalogue_version('prices');
--> statement-breakpoint
CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON credit_costs FOR EACH ROW
  EXECUTE FUNCTION record_item_changes('operation', 'operation_type', 'credits');
--> statement-breakpoint
CREATE TRIGGER item_version BEFORE UPDATE ON credit_costs FOR EACH ROW
  EXECUTE FUNCTION count_up_item_version('operation_type', 'credits');
--> statement-breakpoint
CREATE TRIGGER no_truncate BEFORE TRUNCATE ON credit_costs FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
  ON credit_transaction_lots FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
  ON subscription_changes FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
  ON credit_hold_lots FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE
  ON credit_holds FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- A lot is never deleted, and neither is an account: the ledger's rows name them.
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE
  ON credit_lots FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE
  ON credit_accounts FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
DROP FUNCTION grant_credits(uuid, bigint, text, text, text, uuid, timestamptz, text, text, text);
--> statement-breakpoint
-- The n-th month after an instant, by the calendar of UTC: the 31st becomes the last day of a shorter month.
CREATE FUNCTION add_months(p_start timestamptz, p_months integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
  SELECT (p_start AT TIME ZONE 'UTC' + make_interval(months => p_months)) AT TIME ZONE 'UTC';
$$;
--> statement-breakpoint
-- Locks the account until commit, and opens it where there is none.
CREATE FUNCTION lock_credit_account(p_customer_id uuid) RETURNS credit_accounts LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts;
BEGIN
  SELECT * INTO account FROM credit_accounts WHERE customer_id = p_customer_id FOR UPDATE;
  IF NOT FOUND THEN
    INSERT INTO credit_accounts (customer_id) VALUES (p_customer_id) ON CONFLICT DO NOTHING;
    SELECT * INTO STRICT account FROM credit_accounts WHERE customer_id = p_customer_id FOR UPDATE;
  END IF;
  RETURN account;
END $$;
--> statement-breakpoint
-- Writes a locked account back. Once fewer credits than a fifth of the monthly allocation are available, the customer
-- is told, and told again only after there were more in between.
CREATE FUNCTION save_credit_account(p_account credit_accounts, p_now timestamptz) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  available CONSTANT bigint := p_account.balance - p_account.held;
  is_low CONSTANT boolean := available * 5 < p_account.allocation;
BEGIN
  IF is_low AND p_account.low_since IS NULL THEN
    INSERT INTO customer_notices (customer_id, notice_type, data, created_at)
    VALUES (p_account.customer_id, 'credits.low',
      jsonb_build_object('available', available, 'monthly_allocation', p_account.allocation), p_now);
  END IF;
  UPDATE credit_accounts
  SET balance = p_account.balance, held = p_account.held, debt = p_account.debt, used = p_account.used,
    purchased = p_account.purchased, allocation = p_account.allocation, used_at_reset = p_account.used_at_reset,
    last_reset_at = p_account.last_reset_at, last_sequence = p_account.last_sequence,
    low_since = CASE WHEN is_low THEN coalesce(p_account.low_since, p_now) END, updated_at = p_now
  WHERE customer_id = p_account.customer_id;
END $$;
--> statement-breakpoint
-- Adds a row to the ledger, and counts it into the account, which the caller has locked and saves. What the row's lots
-- changed by is for the caller to write: p_amount + p_debt_change in all.
CREATE FUNCTION post_credit_transaction(
  INOUT account credit_accounts, p_type text, p_amount bigint, p_debt_change bigint, p_source_ref text,
  p_description text, p_reason text, p_event_id text, p_actor text, p_now timestamptz, OUT transaction_id uuid
) LANGUAGE plpgsql AS $$
BEGIN
  account.balance := account.balance + p_amount;
  account.debt := account.debt + p_debt_change;
  account.last_sequence := account.last_sequence + 1;
  INSERT INTO credit_transactions
    (customer_id, sequence, transaction_type, amount, debt_change, balance_after, held_after, debt_after,
      description, reason, source_ref, event_id, actor, created_at)
  VALUES (account.customer_id, account.last_sequence, p_type, p_amount, p_debt_change, account.balance, account.held,
    account.debt, p_description, p_reason, p_source_ref, p_event_id, p_actor, p_now)
  RETURNING id INTO transaction_id;
END $$;
--> statement-breakpoint
-- Takes credits that no hold has reserved out of a customer's lots: p_first_lot before all others, then what expires
-- soonest, then a plan's before promotional before purchased ones (the kinds in the order of the alphabet), then the
-- oldest. Answers which lots paid, as JSON. The caller knows that there are enough: the exception is for a fault.
CREATE FUNCTION take_credits(
  p_customer_id uuid, p_transaction_id uuid, p_amount bigint, p_first_lot uuid, p_now timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  lots jsonb;
  total bigint;
BEGIN
  WITH waiting AS (
    SELECT id, remaining - held AS free, coalesce(sum(remaining - held) OVER (
      ORDER BY id IS NOT DISTINCT FROM p_first_lot DESC, expires_at NULLS LAST, kind, created_at, id
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM credit_lots
    WHERE customer_id = p_customer_id AND is_open AND remaining > held
      AND (expires_at IS NULL OR renews OR expires_at > p_now)
  ), paying AS (
    UPDATE credit_lots AS lot SET remaining = lot.remaining - least(waiting.free, p_amount - waiting.before)
    FROM waiting WHERE lot.id = waiting.id AND waiting.before < p_amount
    RETURNING lot.id, lot.kind, lot.source, lot.expires_at, waiting.before,
      least(waiting.free, p_amount - waiting.before) AS amount
  ), written AS (
    INSERT INTO credit_transaction_lots (transaction_id, lot_id, amount)
    SELECT p_transaction_id, id, -amount FROM paying
  )
  SELECT coalesce(jsonb_agg(jsonb_build_object(
      'lot_id', id, 'kind', kind, 'source', source, 'expires_at', expires_at, 'amount', -amount) ORDER BY before), '[]'),
    coalesce(sum(amount), 0)
  INTO lots, total FROM paying;
  IF total <> p_amount THEN
    RAISE EXCEPTION 'the lots have % credits, and not the % that the account says', total, p_amount;
  END IF;
  RETURN lots;
END $$;
--> statement-breakpoint
-- Takes what is unspent out of the lots whose time is over. What a hold has reserved stays until the hold ends.
CREATE FUNCTION expire_lots_of(INOUT account credit_accounts, p_now timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  lot record;
  entry record;
BEGIN
  FOR lot IN
    SELECT id, remaining - held AS free FROM credit_lots
    WHERE customer_id = account.customer_id AND is_open AND remaining > held AND NOT renews AND expires_at <= p_now
    ORDER BY expires_at, created_at, id
  LOOP
    SELECT * INTO entry FROM post_credit_transaction(account, 'expiry', -lot.free, 0,
      format('%s:%s', lot.id, account.last_sequence + 1), 'Expired', NULL, NULL, 'system:ledger', p_now);
    account := entry.account;
    UPDATE credit_lots SET remaining = remaining - lot.free, expired = expired + lot.free WHERE id = lot.id;
    INSERT INTO credit_transaction_lots VALUES (entry.transaction_id, lot.id, -lot.free);
  END LOOP;
END $$;
--> statement-breakpoint
-- Credits that came free while there is a debt repay it.
CREATE FUNCTION repay_credit_debt(INOUT account credit_accounts, p_source_ref text, p_now timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  repaid CONSTANT bigint := least(account.debt, account.balance + account.debt - account.held);
  entry record;
BEGIN
  IF repaid > 0 THEN
    SELECT * INTO entry FROM post_credit_transaction(account, 'debt_repayment', 0, -repaid, p_source_ref,
      'Repaid credits that were taken back', NULL, NULL, 'system:ledger', p_now);
    account := entry.account;
    PERFORM take_credits(account.customer_id, entry.transaction_id, repaid, NULL, p_now);
  END IF;
END $$;
--> statement-breakpoint
-- Ends an active hold and gives its credits free again. The caller has locked the account, and knows that it is active.
CREATE FUNCTION end_credit_hold(
  INOUT account credit_accounts, p_hold credit_holds, p_status text, p_now timestamptz
) LANGUAGE plpgsql AS $$
BEGIN
  UPDATE credit_lots AS lot SET held = lot.held - reserved.amount
  FROM credit_hold_lots AS reserved WHERE reserved.hold_id = p_hold.id AND lot.id = reserved.lot_id;
  UPDATE credit_holds SET status = p_status, settled_at = p_now WHERE id = p_hold.id;
  account.held := account.held - p_hold.amount;
  account := expire_lots_of(account, p_now);
  account := repay_credit_debt(account, p_hold.id::text, p_now);
END $$;
--> statement-breakpoint
-- Ends the holds of an account that nobody captured in time.
CREATE FUNCTION expire_holds_of(INOUT account credit_accounts, p_now timestamptz) LANGUAGE plpgsql AS $$
DECLARE
  hold credit_holds;
BEGIN
  FOR hold IN
    SELECT * FROM credit_holds
    WHERE customer_id = account.customer_id AND status = 'active' AND expires_at <= p_now ORDER BY expires_at, id
  LOOP
    account := end_credit_hold(account, hold, 'expired', p_now);
  END LOOP;
END $$;
--> statement-breakpoint
-- A locked account as it is at p_now: without the holds and the lots whose time is over since it was last looked at.
CREATE FUNCTION settle_credit_account(INOUT account credit_accounts, p_now timestamptz) LANGUAGE plpgsql AS $$
BEGIN
  IF account.held > 0 THEN
    account := expire_holds_of(account, p_now);
  END IF;
  -- An aggregate, for which the planner takes the index of open lots: an EXISTS it hopes to answer by the first pages.
  IF (
    SELECT bool_or(expires_at <= p_now) FROM credit_lots
    WHERE customer_id = account.customer_id AND is_open AND remaining > held AND NOT renews
  ) THEN
    account := expire_lots_of(account, p_now);
  END IF;
END $$;
--> statement-breakpoint
-- What an answer says of an account.
CREATE FUNCTION credit_account_json(p_account credit_accounts) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object('balance', p_account.balance, 'held', p_account.held,
    'available', greatest(0, p_account.balance - p_account.held), 'debt', p_account.debt);
$$;
--> statement-breakpoint
-- A transaction with its lots, and the account as it left it: what the answer to its request was, and is again when
-- the request is repeated.
CREATE FUNCTION credit_transaction_json(p_transaction credit_transactions) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'transaction', to_jsonb(p_transaction) || jsonb_build_object('lots', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', lot.id, 'kind', lot.kind, 'source', lot.source,
        'expires_at', lot.expires_at, 'amount', part.amount)
        ORDER BY lot.expires_at NULLS LAST, lot.kind, lot.created_at, lot.id), '[]')
      FROM credit_transaction_lots AS part JOIN credit_lots AS lot ON lot.id = part.lot_id
      WHERE part.transaction_id = p_transaction.id)),
    'credits', jsonb_build_object('balance', p_transaction.balance_after, 'held', p_transaction.held_after,
      'available', greatest(0, p_transaction.balance_after - p_transaction.held_after),
      'debt', p_transaction.debt_after));
$$;
--> statement-breakpoint
-- What p_quantity uses of an operation cost; p_amount where no operation is named; null for one that does not exist.
CREATE FUNCTION credit_cost(p_operation_type text, p_amount bigint, p_quantity bigint)
RETURNS bigint LANGUAGE sql STABLE AS $$
  SELECT CASE WHEN p_operation_type IS NULL THEN p_amount
    ELSE (SELECT credits FROM credit_costs WHERE operation_type = p_operation_type) END * p_quantity;
$$;
--> statement-breakpoint
-- Spends credits, or refuses. p_source_ref names the request: done twice, it takes once. Answers `outcome`:
--   spent, replayed: with `transaction`, `credits` (the account as it left it) and, when spent, `top_up_due`;
--   insufficient: with `required` and `credits`; unknown_operation; key_reused: the key was used for another request.
CREATE FUNCTION spend_credits(
  p_customer_id uuid, p_operation_type text, p_amount bigint, p_quantity bigint, p_details jsonb, p_description text,
  p_source_ref text, p_idempotency_key text, p_request_hash text, p_actor text, p_now timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts;
  before credit_transactions;
  entry credit_transactions;
  required CONSTANT bigint := credit_cost(p_operation_type, p_amount, p_quantity);
  lots jsonb;
BEGIN
  SELECT * INTO account FROM credit_accounts WHERE customer_id = p_customer_id FOR UPDATE;
  IF p_idempotency_key IS NOT NULL THEN
    SELECT * INTO before FROM credit_transactions
    WHERE customer_id = p_customer_id AND idempotency_key = p_idempotency_key;
    IF FOUND THEN
      IF before.request_hash IS DISTINCT FROM p_request_hash THEN
        RETURN '{"outcome": "key_reused"}';
      END IF;
      RETURN credit_transaction_json(before) || '{"outcome": "replayed"}';
    END IF;
  END IF;
  IF required IS NULL THEN
    RETURN '{"outcome": "unknown_operation"}';
  END IF;
  IF account.customer_id IS NULL THEN
    RETURN jsonb_build_object('outcome', 'insufficient', 'required', required,
      'credits', '{"balance": 0, "held": 0, "available": 0, "debt": 0}'::jsonb);
  END IF;
  account := settle_credit_account(account, p_now);
  IF required > account.balance - account.held THEN
    PERFORM save_credit_account(account, p_now);
    RETURN jsonb_build_object('outcome', 'insufficient', 'required', required,
      'credits', credit_account_json(account));
  END IF;
  account.balance := account.balance - required;
  account.used := account.used + required;
  account.last_sequence := account.last_sequence + 1;
  INSERT INTO credit_transactions
    (customer_id, sequence, transaction_type, amount, balance_after, held_after, debt_after, operation_type,
      operation_details, quantity, description, source_ref, idempotency_key, request_hash, actor, created_at)
  VALUES (p_customer_id, account.last_sequence, 'spend', -required, account.balance, account.held, account.debt,
    p_operation_type, p_details, p_quantity, p_description, p_source_ref, p_idempotency_key, p_request_hash, p_actor,
    p_now)
  RETURNING * INTO entry;
  lots := take_credits(p_customer_id, entry.id, required, NULL, p_now);
  PERFORM save_credit_account(account, p_now);
  RETURN jsonb_build_object('outcome', 'spent', 'transaction', to_jsonb(entry) || jsonb_build_object('lots', lots),
    'credits', credit_account_json(account), 'top_up_due', top_up_is_due(account));
END $$;
--> statement-breakpoint
-- Whether the customer wants to buy more by itself now. The rest of the conditions is for start_top_up to look at; what
-- was put off is for the scheduled job.
CREATE FUNCTION top_up_is_due(p_account credit_accounts) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM auto_top_ups
    WHERE customer_id = p_account.customer_id AND is_enabled AND stopped_at IS NULL AND next_attempt_at IS NULL
      AND threshold > p_account.balance - p_account.held
  ) AND NOT EXISTS (
    SELECT FROM top_ups WHERE customer_id = p_account.customer_id AND status IN ('started', 'processing'));
$$;
--> statement-breakpoint
-- Automatic top-ups end until the customer acts, who is told why.
CREATE FUNCTION stop_top_up(p_customer_id uuid, p_reason text, p_failure_code text, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE auto_top_ups
  SET stopped_at = p_now, stopped_reason = p_reason, next_attempt_at = NULL, updated_at = p_now
  WHERE customer_id = p_customer_id AND is_enabled AND stopped_at IS NULL;
  IF FOUND THEN
    INSERT INTO customer_notices (customer_id, notice_type, data, created_at)
    VALUES (p_customer_id, 'top_up.stopped',
      jsonb_build_object('reason', p_reason, 'failure_code', p_failure_code), p_now);
  END IF;
END $$;
--> statement-breakpoint
-- Reserves credits for work whose cost is not known yet. `outcome`: held or replayed (with `hold`, and `credits` as the
-- hold left them), insufficient (with `required` and `credits`), unknown_operation, key_reused.
CREATE FUNCTION hold_credits(
  p_customer_id uuid, p_hold_id uuid, p_operation_type text, p_amount bigint, p_quantity bigint, p_details jsonb,
  p_description text, p_expires_at timestamptz, p_idempotency_key text, p_request_hash text, p_actor text,
  p_now timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts;
  hold credit_holds;
  required CONSTANT bigint := credit_cost(p_operation_type, p_amount, p_quantity);
BEGIN
  SELECT * INTO account FROM credit_accounts WHERE customer_id = p_customer_id FOR UPDATE;
  IF p_idempotency_key IS NOT NULL THEN
    SELECT * INTO hold FROM credit_holds WHERE customer_id = p_customer_id AND idempotency_key = p_idempotency_key;
    IF FOUND THEN
      IF hold.request_hash IS DISTINCT FROM p_request_hash THEN
        RETURN '{"outcome": "key_reused"}';
      END IF;
      RETURN credit_hold_json(hold) || '{"outcome": "replayed"}';
    END IF;
  END IF;
  IF required IS NULL THEN
    RETURN '{"outcome": "unknown_operation"}';
  END IF;
  IF account.customer_id IS NULL THEN
    RETURN jsonb_build_object('outcome', 'insufficient', 'required', required,
      'credits', '{"balance": 0, "held": 0, "available": 0, "debt": 0}'::jsonb);
  END IF;
  account := settle_credit_account(account, p_now);
  IF required > account.balance - account.held THEN
    PERFORM save_credit_account(account, p_now);
    RETURN jsonb_build_object('outcome', 'insufficient', 'required', required,
      'credits', credit_account_json(account));
  END IF;
  account.held := account.held + required;
  INSERT INTO credit_holds
    (id, customer_id, amount, operation_type, operation_details, description, actor, balance_after, held_after,
      idempotency_key, request_hash, expires_at, created_at)
  VALUES (p_hold_id, p_customer_id, required, p_operation_type, p_details, p_description, p_actor, account.balance,
    account.held, p_idempotency_key, p_request_hash, p_expires_at, p_now)
  RETURNING * INTO hold;
  -- In the order in which take_credits takes.
  WITH waiting AS (
    SELECT id, remaining - held AS free,
      row_number() OVER spending AS position,
      coalesce(sum(remaining - held) OVER (spending ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM credit_lots
    WHERE customer_id = p_customer_id AND is_open AND remaining > held
      AND (expires_at IS NULL OR renews OR expires_at > p_now)
    WINDOW spending AS (ORDER BY expires_at NULLS LAST, kind, created_at, id)
  ), reserving AS (
    UPDATE credit_lots AS lot SET held = lot.held + least(waiting.free, required - waiting.before)
    FROM waiting WHERE lot.id = waiting.id AND waiting.before < required
    RETURNING lot.id, waiting.position, least(waiting.free, required - waiting.before) AS amount
  )
  INSERT INTO credit_hold_lots (hold_id, position, lot_id, amount)
  SELECT p_hold_id, position, id, amount FROM reserving;
  PERFORM save_credit_account(account, p_now);
  RETURN credit_hold_json(hold) || jsonb_build_object('outcome', 'held', 'top_up_due', top_up_is_due(account));
END $$;
--> statement-breakpoint
-- A hold as it was made, and the account as it left it.
CREATE FUNCTION credit_hold_json(p_hold credit_holds) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT jsonb_build_object(
    'hold', to_jsonb(p_hold) || '{"status": "active", "captured": null, "settled_at": null}',
    'credits', jsonb_build_object('balance', p_hold.balance_after, 'held', p_hold.held_after,
      'available', greatest(0, p_hold.balance_after - p_hold.held_after), 'debt', 0));
$$;
--> statement-breakpoint
-- Locks the account of a hold, and brings it up to p_now: a hold whose time is over has expired. No such hold of this
-- customer (null: of nobody): an account whose customer_id is null.
CREATE FUNCTION lock_credit_hold(
  p_hold_id uuid, p_customer_id uuid, p_now timestamptz, OUT account credit_accounts, OUT hold credit_holds
) LANGUAGE plpgsql AS $$
DECLARE
  owner CONSTANT uuid := (SELECT customer_id FROM credit_holds WHERE id = p_hold_id);
  before credit_accounts;
BEGIN
  IF owner IS NULL OR owner IS DISTINCT FROM p_customer_id THEN
    RETURN;
  END IF;
  SELECT * INTO STRICT before FROM credit_accounts WHERE customer_id = owner FOR UPDATE;
  -- Holds of nothing, too, which the account does not show.
  account := settle_credit_account(expire_holds_of(before, p_now), p_now);
  IF account IS DISTINCT FROM before THEN
    PERFORM save_credit_account(account, p_now);
  END IF;
  SELECT * INTO STRICT hold FROM credit_holds WHERE id = p_hold_id;
END $$;
--> statement-breakpoint
-- Takes what was used of a hold (p_amount; null: all of it), and gives the rest free. `outcome`: captured (with `hold`,
-- `transaction`, `credits`, `top_up_due`), not_found, not_active (with `status`), too_much (with `held`). The operation
-- that captured it is told so again when it comes again.
CREATE FUNCTION capture_credit_hold(
  p_customer_id uuid, p_hold_id uuid, p_amount bigint, p_actor text, p_now timestamptz, p_operation_id uuid DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts;
  hold credit_holds;
  locked record;
  entry credit_transactions;
  used_credits bigint;
BEGIN
  SELECT * INTO locked FROM lock_credit_hold(p_hold_id, p_customer_id, p_now);
  account := locked.account;
  hold := locked.hold;
  IF account.customer_id IS NULL THEN
    RETURN '{"outcome": "not_found"}';
  ELSIF hold.status = 'captured' AND hold.settled_by = p_operation_id THEN
    SELECT * INTO STRICT entry FROM credit_transactions
    WHERE transaction_type = 'capture' AND source_ref = p_hold_id::text;
    RETURN credit_transaction_json(entry) || jsonb_build_object('outcome', 'captured', 'hold', to_jsonb(hold),
      'credits', credit_account_json(account), 'top_up_due', top_up_is_due(account));
  ELSIF hold.status <> 'active' THEN
    RETURN jsonb_build_object('outcome', 'not_active', 'status', hold.status);
  ELSIF p_amount > hold.amount THEN
    RETURN jsonb_build_object('outcome', 'too_much', 'held', hold.amount);
  END IF;
  used_credits := coalesce(p_amount, hold.amount);
  account.balance := account.balance - used_credits;
  account.held := account.held - hold.amount;
  account.used := account.used + used_credits;
  account.last_sequence := account.last_sequence + 1;
  INSERT INTO credit_transactions
    (customer_id, sequence, transaction_type, amount, balance_after, held_after, debt_after, operation_type,
      operation_details, description, source_ref, actor, created_at)
  VALUES (hold.customer_id, account.last_sequence, 'capture', -used_credits, account.balance, account.held, account.debt,
    hold.operation_type, hold.operation_details, hold.description, hold.id::text, p_actor, p_now)
  RETURNING * INTO entry;
  WITH reserved AS (
    SELECT lot_id, amount, least(amount, greatest(0, used_credits - coalesce(sum(amount) OVER (
      ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0))) AS used
    FROM credit_hold_lots WHERE hold_id = hold.id
  ), paying AS (
    UPDATE credit_lots AS lot SET held = lot.held - reserved.amount, remaining = lot.remaining - reserved.used
    FROM reserved WHERE lot.id = reserved.lot_id
    RETURNING lot.id, reserved.used
  )
  INSERT INTO credit_transaction_lots (transaction_id, lot_id, amount)
  SELECT entry.id, id, -used FROM paying WHERE used > 0;
  UPDATE credit_holds
  SET status = 'captured', captured = used_credits, settled_at = p_now, settled_by = p_operation_id
  WHERE id = hold.id RETURNING * INTO hold;
  account := expire_lots_of(account, p_now);
  account := repay_credit_debt(account, hold.id::text, p_now);
  PERFORM save_credit_account(account, p_now);
  RETURN credit_transaction_json(entry) || jsonb_build_object('outcome', 'captured', 'hold', to_jsonb(hold),
    'credits', credit_account_json(account), 'top_up_due', top_up_is_due(account));
END $$;
--> statement-breakpoint
-- Gives all of a hold free. `outcome`: released (with `hold` and `credits`; again for the operation that did it),
-- not_found, not_active (with `status`).
CREATE FUNCTION release_credit_hold(
  p_customer_id uuid, p_hold_id uuid, p_now timestamptz, p_operation_id uuid DEFAULT NULL
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts;
  hold credit_holds;
  locked record;
BEGIN
  SELECT * INTO locked FROM lock_credit_hold(p_hold_id, p_customer_id, p_now);
  account := locked.account;
  hold := locked.hold;
  IF account.customer_id IS NULL THEN
    RETURN '{"outcome": "not_found"}';
  ELSIF hold.status = 'active' THEN
    account := end_credit_hold(account, hold, 'released', p_now);
    PERFORM save_credit_account(account, p_now);
    UPDATE credit_holds SET settled_by = p_operation_id WHERE id = p_hold_id RETURNING * INTO hold;
  ELSIF (hold.status = 'released' AND hold.settled_by = p_operation_id) IS NOT TRUE THEN
    RETURN jsonb_build_object('outcome', 'not_active', 'status', hold.status);
  END IF;
  RETURN jsonb_build_object('outcome', 'released', 'hold', to_jsonb(hold), 'credits', credit_account_json(account));
END $$;
--> statement-breakpoint
-- Whether a plan's credits wait for the renewal at the end of their month: while the subscription goes on past it, or
-- a year that was paid for does.
CREATE FUNCTION plan_credits_renew(p_stripe_subscription_id text, p_period_end timestamptz)
RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT FROM grant_schedules
    WHERE stripe_subscription_id = p_stripe_subscription_id AND next_grant_at IS NOT NULL AND period_end > p_period_end
  ) OR NOT EXISTS (
    SELECT FROM subscriptions
    WHERE stripe_subscription_id = p_stripe_subscription_id AND (
      status IN ('canceled', 'incomplete_expired', 'unpaid')
      OR (cancel_at_period_end AND current_period_end <= p_period_end)
      OR cancel_at <= p_period_end)
  );
$$;
--> statement-breakpoint
-- After a plan's credits have come, or come back: what is left of the subscription's earlier months may be as much as
-- the plan's rollover cap, and stays until the end of the newest month. It comes out the same in whatever order the
-- months are granted.
CREATE FUNCTION roll_over_plan_credits(INOUT account credit_accounts, p_lot credit_lots, p_now timestamptz)
LANGUAGE plpgsql AS $$
DECLARE
  newest credit_lots;
  cap bigint;
  excess bigint;
  entry record;
BEGIN
  SELECT * INTO newest FROM credit_lots
  WHERE customer_id = account.customer_id AND kind = 'plan'
    AND stripe_subscription_id = p_lot.stripe_subscription_id
  ORDER BY period_end DESC, created_at DESC, id LIMIT 1;
  SELECT plan.rollover_cap INTO cap
  FROM prices JOIN subscription_plans AS plan ON plan.id = prices.plan_id WHERE prices.id = newest.offer_id;
  SELECT least(sum(remaining) - cap, sum(remaining - held)) INTO excess FROM credit_lots
  WHERE customer_id = account.customer_id AND is_open AND kind = 'plan'
    AND stripe_subscription_id = p_lot.stripe_subscription_id AND period_end < newest.period_end;
  IF cap IS NOT NULL AND excess > 0 THEN
    SELECT * INTO entry FROM post_credit_transaction(account, 'expiry', -excess, 0,
      format('%s:%s', p_lot.id, account.last_sequence + 1), 'More than the plan lets roll over', NULL, NULL,
      'system:ledger', p_now);
    account := entry.account;
    WITH waiting AS (
      SELECT id, remaining - held AS free, coalesce(sum(remaining - held) OVER (
        ORDER BY period_end, created_at, id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
      FROM credit_lots
      WHERE customer_id = account.customer_id AND is_open AND remaining > held AND kind = 'plan'
        AND stripe_subscription_id = p_lot.stripe_subscription_id AND period_end < newest.period_end
    ), expiring AS (
      UPDATE credit_lots AS lot SET remaining = lot.remaining - least(waiting.free, excess - waiting.before),
        expired = lot.expired + least(waiting.free, excess - waiting.before)
      FROM waiting WHERE lot.id = waiting.id AND waiting.before < excess
      RETURNING lot.id, least(waiting.free, excess - waiting.before) AS amount
    )
    INSERT INTO credit_transaction_lots (transaction_id, lot_id, amount)
    SELECT entry.transaction_id, id, -amount FROM expiring;
  END IF;
  UPDATE credit_lots SET expires_at = newest.period_end,
    renews = plan_credits_renew(stripe_subscription_id, newest.period_end)
  WHERE customer_id = account.customer_id AND is_open AND kind = 'plan'
    AND stripe_subscription_id = p_lot.stripe_subscription_id AND period_end < newest.period_end;
END $$;
--> statement-breakpoint
-- Grants credits for one fact, named by (p_source, p_source_ref): lot, ledger row and balance, or, when the fact has
-- granted before, nothing. A debt is repaid first. Where the payment has gone back in part, so do these credits. For a
-- plan's credits, p_expires_at is the end of the month that was paid for. Answers `outcome` (granted or replayed), and
-- `transaction` and `credits` of the grant.
CREATE FUNCTION grant_credits(
  p_customer_id uuid, p_amount bigint, p_kind text, p_source text, p_source_ref text, p_transaction_type text,
  p_offer_id uuid, p_payment_id uuid, p_stripe_subscription_id text, p_expires_at timestamptz, p_description text,
  p_reason text, p_event_id text, p_actor text, p_now timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts := lock_credit_account(p_customer_id);
  lot credit_lots;
  entry record;
  posted credit_transactions;
  repaid bigint;
BEGIN
  account := settle_credit_account(account, p_now);
  repaid := least(account.debt, p_amount);
  INSERT INTO credit_lots
    (customer_id, kind, source, source_ref, offer_id, payment_id, stripe_subscription_id, granted, remaining,
      period_end, expires_at, renews, created_at)
  VALUES (p_customer_id, p_kind, p_source, p_source_ref, p_offer_id, p_payment_id, p_stripe_subscription_id, p_amount,
    p_amount - repaid, CASE WHEN p_kind = 'plan' THEN p_expires_at END, p_expires_at,
    p_kind = 'plan' AND plan_credits_renew(p_stripe_subscription_id, p_expires_at), p_now)
  ON CONFLICT (source, source_ref) DO NOTHING RETURNING * INTO lot;
  IF NOT FOUND THEN
    PERFORM save_credit_account(account, p_now);
    SELECT t.* INTO posted FROM credit_lots AS l
    JOIN credit_transactions AS t ON t.customer_id = l.customer_id AND t.transaction_type = p_transaction_type
      AND t.source_ref = l.source_ref
    WHERE l.source = p_source AND l.source_ref = p_source_ref;
    RETURN credit_transaction_json(posted) || '{"outcome": "replayed"}';
  END IF;
  IF p_transaction_type = 'purchase' THEN
    account.purchased := account.purchased + p_amount;
  ELSIF p_transaction_type IN ('subscription_grant', 'trial_grant') AND NOT EXISTS (
    SELECT FROM credit_lots WHERE customer_id = p_customer_id AND kind = 'plan' AND period_end > p_expires_at
  ) THEN
    account.allocation := p_amount;
    account.used_at_reset := account.used;
    account.last_reset_at := p_now;
  ELSIF p_transaction_type = 'plan_change' AND NOT EXISTS (
    SELECT FROM credit_lots WHERE customer_id = p_customer_id AND kind = 'plan' AND period_end > p_expires_at
  ) THEN
    account.allocation := (SELECT credits FROM prices WHERE id = p_offer_id);
  END IF;
  SELECT * INTO entry FROM post_credit_transaction(account, p_transaction_type, p_amount, -repaid, p_source_ref,
    p_description, p_reason, p_event_id, p_actor, p_now);
  account := entry.account;
  IF lot.remaining > 0 THEN
    INSERT INTO credit_transaction_lots VALUES (entry.transaction_id, lot.id, lot.remaining);
  END IF;
  IF p_kind = 'plan' THEN
    account := roll_over_plan_credits(account, lot, p_now);
  END IF;
  account := expire_lots_of(account, p_now);
  account := reverse_lot(account, lot.id, NULL, p_event_id, p_actor, p_now);
  PERFORM save_credit_account(account, p_now);
  SELECT * INTO STRICT posted FROM credit_transactions WHERE id = entry.transaction_id;
  RETURN credit_transaction_json(posted) || '{"outcome": "granted"}';
END $$;
--> statement-breakpoint
-- Takes credits back: from p_first_lot, then from the others, and what is not there becomes debt.
CREATE FUNCTION take_back_credits(
  INOUT account credit_accounts, p_amount bigint, p_first_lot uuid, p_source_ref text, p_description text,
  p_reason text, p_event_id text, p_actor text, p_now timestamptz, OUT transaction_id uuid
) LANGUAGE plpgsql AS $$
DECLARE
  taken CONSTANT bigint := least(p_amount, greatest(0, account.balance + account.debt - account.held));
  entry record;
BEGIN
  SELECT * INTO entry FROM post_credit_transaction(account, 'clawback', -p_amount, p_amount - taken, p_source_ref,
    p_description, p_reason, p_event_id, p_actor, p_now);
  account := entry.account;
  transaction_id := entry.transaction_id;
  IF taken > 0 THEN
    PERFORM take_credits(account.customer_id, transaction_id, taken, p_first_lot, p_now);
  END IF;
END $$;
--> statement-breakpoint
-- How many of a lot's credits have lost their money: as large a part as the payment has gone back, all of them with all
-- of it.
CREATE FUNCTION credits_gone_back(p_granted bigint, p_payment payments) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN p_payment.amount_minor > 0 THEN round(p_granted::numeric
    * least(p_payment.amount_minor, p_payment.refunded_minor + p_payment.disputed_minor) / p_payment.amount_minor)::bigint
    ELSE 0 END;
$$;
--> statement-breakpoint
-- The ledger's rows of what reverse_lot has done to a lot, found by their names: an account may have very many rows.
CREATE FUNCTION reversals_of(p_lot credit_lots) RETURNS SETOF credit_transactions LANGUAGE sql STABLE AS $$
  SELECT t.* FROM generate_series(1, p_lot.reversals) AS number
  JOIN credit_transactions AS t ON t.transaction_type IN ('clawback', 'restore')
    AND t.source_ref = format('%s:%s', p_lot.id, number);
$$;
--> statement-breakpoint
-- Gives the credits of a lot that come back to the lots that they came from: p_lent of them to those that gave theirs
-- instead, for such a lot or for a debt, the other way round than they were taken; the rest to the lot itself.
CREATE FUNCTION give_back_credits(
  INOUT account credit_accounts, p_lot_id uuid, p_transaction_id uuid, p_amount bigint, p_lent bigint, p_now timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  lot credit_lots;
BEGIN
  WITH moved AS (
    SELECT part.lot_id, -part.amount AS lent
    FROM credit_lots AS lost CROSS JOIN reversals_of(lost) AS t
    JOIN credit_transaction_lots AS part ON part.transaction_id = t.id AND part.lot_id <> lost.id
    WHERE lost.customer_id = account.customer_id AND lost.reversals > 0
    UNION ALL
    SELECT part.lot_id, -part.amount
    FROM credit_transactions AS t JOIN credit_transaction_lots AS part ON part.transaction_id = t.id
    WHERE t.customer_id = account.customer_id AND t.transaction_type = 'debt_repayment'
    UNION ALL
    SELECT granted.id, -t.debt_change
    FROM credit_transactions AS t
    JOIN credit_lots AS granted ON granted.customer_id = t.customer_id AND granted.source_ref = t.source_ref
    WHERE t.customer_id = account.customer_id AND t.debt_change < 0
      AND t.transaction_type NOT IN ('restore', 'debt_repayment')
  ), owed AS (
    SELECT lot_id, sum(lent) AS amount FROM moved WHERE lot_id <> p_lot_id GROUP BY lot_id HAVING sum(lent) > 0
  ), waiting AS (
    SELECT lot_id, amount, coalesce(sum(amount) OVER (
      ORDER BY expires_at DESC NULLS FIRST, kind DESC, created_at DESC, id DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0) AS before
    FROM owed JOIN credit_lots ON id = lot_id
  ), given AS (
    SELECT lot_id, least(amount, p_lent - before) AS amount FROM waiting WHERE before < p_lent
  ), all_given AS (
    SELECT lot_id, amount FROM given
    UNION ALL
    SELECT p_lot_id, p_amount - coalesce(sum(amount), 0) FROM given HAVING p_amount > coalesce(sum(amount), 0)
  )
  INSERT INTO credit_transaction_lots (transaction_id, lot_id, amount)
  SELECT p_transaction_id, lot_id, amount FROM all_given;
  UPDATE credit_lots SET remaining = remaining + part.amount
  FROM credit_transaction_lots AS part WHERE part.transaction_id = p_transaction_id AND part.lot_id = credit_lots.id;
  -- While a plan's lot was empty, nobody told it how its subscription goes on.
  FOR lot IN
    SELECT credit_lots.* FROM credit_transaction_lots AS part JOIN credit_lots ON credit_lots.id = part.lot_id
    WHERE part.transaction_id = p_transaction_id AND kind = 'plan' ORDER BY period_end, created_at, id
  LOOP
    UPDATE credit_lots SET renews = plan_credits_renew(stripe_subscription_id, period_end) WHERE id = lot.id;
    account := roll_over_plan_credits(account, lot, p_now);
  END LOOP;
END $$;
--> statement-breakpoint
-- Takes a lot's credits back, or lets them come back, because more or less of its payment has gone back than p_before
-- says (null for a new lot: nothing had). Those that expired unspent are the first to be gone, and need not be taken.
-- What is taken comes from the lot itself, then from others, and then becomes debt; it comes back the other way round.
-- Each change is one ledger row, named by the lot and a count. The caller has locked the account.
CREATE FUNCTION reverse_lot(
  INOUT account credit_accounts, p_lot_id uuid, p_before payments, p_event_id text, p_actor text, p_now timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  lot credit_lots;
  payment payments;
  gone_before bigint;
  change bigint;
  own bigint;
  repaid bigint;
  entry record;
  source_ref text;
BEGIN
  SELECT * INTO STRICT lot FROM credit_lots WHERE id = p_lot_id;
  SELECT * INTO payment FROM payments WHERE id = lot.payment_id;
  gone_before := credits_gone_back(lot.granted, p_before);
  change := credits_gone_back(lot.granted, payment) - gone_before;
  -- Of the credits gone before, those that were not taken had expired.
  IF change > 0 THEN
    change := greatest(0, change - (lot.expired - (gone_before - lot.reversed)));
  ELSE
    change := greatest(change, -lot.reversed);
  END IF;
  IF change = 0 THEN
    RETURN;
  END IF;
  source_ref := format('%s:%s', lot.id, lot.reversals + 1);
  IF change > 0 THEN
    SELECT * INTO entry FROM take_back_credits(account, change, lot.id, source_ref,
      'Taken back because of a ' || reversal_cause(p_before, payment, 1), NULL, p_event_id, p_actor, p_now);
    account := entry.account;
  ELSE
    SELECT -coalesce(sum(part.amount), 0) INTO own
    FROM reversals_of(lot) AS t JOIN credit_transaction_lots AS part ON part.transaction_id = t.id
    WHERE part.lot_id = lot.id;
    repaid := least(account.debt, -change);
    SELECT * INTO entry FROM post_credit_transaction(account, 'restore', -change, -repaid, source_ref,
      'Returned after a ' || reversal_cause(p_before, payment, -1), NULL, p_event_id, p_actor, p_now);
    account := entry.account;
    IF -change > repaid THEN
      account := give_back_credits(account, lot.id, entry.transaction_id, -change - repaid,
        greatest(0, least(-change, lot.reversed - own) - repaid), p_now);
    END IF;
  END IF;
  UPDATE credit_lots SET reversed = reversed + change, reversals = reversals + 1 WHERE id = lot.id;
END $$;
--> statement-breakpoint
-- In words, which of a payment's reversals have grown since p_before (p_direction 1), or shrunk (-1).
CREATE FUNCTION reversal_cause(p_before payments, p_payment payments, p_direction integer)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT concat_ws(' and a ',
    CASE WHEN sign(p_payment.refunded_minor - coalesce(p_before.refunded_minor, 0)) = p_direction
      THEN CASE p_direction WHEN 1 THEN 'refund' ELSE 'failed refund' END END,
    CASE WHEN sign(p_payment.disputed_minor - coalesce(p_before.disputed_minor, 0)) = p_direction
      THEN 'dispute' END);
$$;
--> statement-breakpoint
-- Keeps what Stripe says of a payment's refunds and disputes (minor units that have gone back), and moves its credits
-- accordingly. Raises RC411 when somebody else has written another state since the caller read version p_version. The
-- payment is locked before the account, as by whoever records a payment and then grants.
CREATE FUNCTION reverse_payment(
  p_payment_id uuid, p_version integer, p_refunded_minor bigint, p_disputed_minor bigint, p_dispute_status text,
  p_event_id text, p_actor text, p_now timestamptz
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  before payments;
  account credit_accounts;
  lot_id uuid;
BEGIN
  SELECT * INTO STRICT before FROM payments WHERE id = p_payment_id FOR NO KEY UPDATE;
  IF before.version <> p_version AND (before.refunded_minor, before.disputed_minor, before.dispute_status)
    IS DISTINCT FROM (least(before.amount_minor, p_refunded_minor), p_disputed_minor, p_dispute_status)
  THEN
    RAISE EXCEPTION 'the payment has changed' USING ERRCODE = 'RC411';
  END IF;
  -- Also where nothing is new: whoever looked before this one may have seen something older.
  UPDATE payments
  SET refunded_minor = least(amount_minor, p_refunded_minor), disputed_minor = p_disputed_minor,
    dispute_status = p_dispute_status, version = version + 1
  WHERE id = p_payment_id;
  account := settle_credit_account(lock_credit_account(before.customer_id), p_now);
  FOR lot_id IN SELECT id FROM credit_lots WHERE payment_id = p_payment_id ORDER BY created_at, id LOOP
    account := reverse_lot(account, lot_id, before, p_event_id, p_actor, p_now);
  END LOOP;
  account := expire_lots_of(account, p_now);
  PERFORM save_credit_account(account, p_now);
  -- Whoever got money back is not charged by itself for what went with it.
  IF p_disputed_minor > before.disputed_minor
    OR (before.period_end IS NULL AND least(before.amount_minor, p_refunded_minor) > before.refunded_minor)
  THEN
    PERFORM stop_top_up(before.customer_id, 'payment_reversed', NULL, p_now);
  END IF;
END $$;
--> statement-breakpoint
-- Takes credits back by decision, or because of what p_source_ref names: once. What is not there becomes debt. Answers
-- `outcome` (taken or replayed) with `transaction` and `credits`.
CREATE FUNCTION claw_back_credits(
  p_customer_id uuid, p_amount bigint, p_first_lot uuid, p_source_ref text, p_description text, p_reason text,
  p_event_id text, p_actor text, p_now timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts := lock_credit_account(p_customer_id);
  entry record;
  posted credit_transactions;
BEGIN
  IF (p_amount > 0) IS NOT TRUE THEN
    RAISE EXCEPTION 'what is taken back must be more than nothing' USING ERRCODE = '22003';
  END IF;
  SELECT * INTO posted FROM credit_transactions WHERE transaction_type = 'clawback' AND source_ref = p_source_ref;
  IF FOUND THEN
    RETURN credit_transaction_json(posted) || '{"outcome": "replayed"}';
  END IF;
  account := settle_credit_account(account, p_now);
  SELECT * INTO entry FROM take_back_credits(account, p_amount, p_first_lot, p_source_ref, p_description, p_reason,
    p_event_id, p_actor, p_now);
  account := entry.account;
  PERFORM save_credit_account(account, p_now);
  SELECT * INTO STRICT posted FROM credit_transactions WHERE id = entry.transaction_id;
  RETURN credit_transaction_json(posted) || '{"outcome": "taken"}';
END $$;
--> statement-breakpoint
-- Corrects a balance by p_amount, up (a promotional lot that does not expire) or down (what is available, and no more).
-- `outcome`: adjusted or replayed (with `transaction` and `credits`), insufficient (with `required` and `credits`).
CREATE FUNCTION adjust_credits(
  p_customer_id uuid, p_amount bigint, p_source_ref text, p_reason text, p_actor text, p_now timestamptz
) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts := lock_credit_account(p_customer_id);
  entry record;
  posted credit_transactions;
BEGIN
  SELECT * INTO posted FROM credit_transactions WHERE transaction_type = 'adjustment' AND source_ref = p_source_ref;
  IF FOUND THEN
    RETURN credit_transaction_json(posted) || '{"outcome": "replayed"}';
  END IF;
  IF p_amount > 0 THEN
    RETURN grant_credits(p_customer_id, p_amount, 'promotional', 'admin', p_source_ref, 'adjustment', NULL, NULL, NULL,
      NULL, 'Adjustment', p_reason, NULL, p_actor, p_now) || '{"outcome": "adjusted"}';
  END IF;
  account := settle_credit_account(account, p_now);
  IF -p_amount > account.balance - account.held THEN
    PERFORM save_credit_account(account, p_now);
    RETURN jsonb_build_object('outcome', 'insufficient', 'required', -p_amount,
      'credits', credit_account_json(account));
  END IF;
  SELECT * INTO entry FROM post_credit_transaction(account, 'adjustment', p_amount, 0, p_source_ref, 'Adjustment',
    p_reason, NULL, p_actor, p_now);
  account := entry.account;
  PERFORM take_credits(p_customer_id, entry.transaction_id, -p_amount, NULL, p_now);
  PERFORM save_credit_account(account, p_now);
  SELECT * INTO STRICT posted FROM credit_transactions WHERE id = entry.transaction_id;
  RETURN credit_transaction_json(posted) || '{"outcome": "adjusted"}';
END $$;
--> statement-breakpoint
-- For the scheduled job: ends what is over, of at most p_limit accounts. Answers of how many it did. An account whose
-- books are damaged keeps none of the others waiting; the comparison of the books tells of it (npm run reconcile).
CREATE FUNCTION expire_credits(p_limit integer, p_now timestamptz) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts;
  due uuid;
  done integer := 0;
BEGIN
  FOR due IN
    SELECT customer_id FROM (
      (SELECT customer_id FROM credit_lots
       WHERE is_open AND NOT renews AND expires_at <= p_now AND remaining > held ORDER BY expires_at LIMIT p_limit)
      UNION
      (SELECT customer_id FROM credit_holds
       WHERE status = 'active' AND expires_at <= p_now ORDER BY expires_at LIMIT p_limit)
    ) AS over ORDER BY customer_id LIMIT p_limit
  LOOP
    BEGIN
      -- Holds of nothing, too, which the account does not show: they would be due for ever.
      account := settle_credit_account(expire_holds_of(lock_credit_account(due), p_now), p_now);
      PERFORM save_credit_account(account, p_now);
      done := done + 1;
    EXCEPTION WHEN integrity_constraint_violation OR raise_exception THEN
      RAISE WARNING 'the credits of % cannot be expired: %', due, sqlerrm;
    END;
  END LOOP;
  RETURN done;
END $$;
--> statement-breakpoint
-- Keeps a subscription as Stripe has it (p_state: its columns) and lets its plan's credits wait for a renewal, or not.
-- p_version is what the caller read before it asked Stripe, 0 for one that was not known: raises RC411 when somebody
-- else has written another state since, who has seen a newer one, perhaps.
CREATE FUNCTION apply_subscription(p_state jsonb, p_version integer, p_event_id text, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  wanted CONSTANT subscriptions := jsonb_populate_record(NULL::subscriptions, p_state);
  own CONSTANT text[] := ARRAY['id', 'customer_id', 'version', 'event_id', 'synced_at', 'created_at'];
  account credit_accounts := lock_credit_account(wanted.customer_id);
  present subscriptions;
  is_news boolean;
BEGIN
  SELECT * INTO present FROM subscriptions WHERE stripe_subscription_id = wanted.stripe_subscription_id FOR UPDATE;
  is_news := to_jsonb(present) - own IS DISTINCT FROM to_jsonb(wanted) - own;
  IF is_news AND coalesce(present.version, 0) <> p_version THEN
    RAISE EXCEPTION 'the subscription has changed' USING ERRCODE = 'RC411';
  END IF;
  IF present.id IS NULL THEN
    INSERT INTO subscriptions
    SELECT (jsonb_populate_record(NULL::subscriptions, to_jsonb(wanted) || jsonb_build_object(
      'id', gen_random_uuid(), 'version', 1, 'event_id', p_event_id, 'synced_at', p_now, 'created_at', p_now))).*;
  ELSE
    UPDATE subscriptions SET
      stripe_item_id = wanted.stripe_item_id, offer_id = wanted.offer_id, quantity = wanted.quantity,
      status = wanted.status, started_at = wanted.started_at, current_period_start = wanted.current_period_start,
      current_period_end = wanted.current_period_end, cancel_at_period_end = wanted.cancel_at_period_end,
      cancel_at = wanted.cancel_at, canceled_at = wanted.canceled_at, ended_at = wanted.ended_at,
      trial_start = wanted.trial_start, trial_end = wanted.trial_end, pause_behavior = wanted.pause_behavior,
      pause_resumes_at = wanted.pause_resumes_at, stripe_schedule_id = wanted.stripe_schedule_id,
      next_offer_id = wanted.next_offer_id, next_offer_at = wanted.next_offer_at,
      version = version + 1, event_id = CASE WHEN is_news THEN p_event_id ELSE event_id END, synced_at = p_now
    WHERE id = present.id;
  END IF;
  UPDATE credit_lots SET renews = plan_credits_renew(stripe_subscription_id, expires_at)
  WHERE stripe_subscription_id = wanted.stripe_subscription_id AND kind = 'plan' AND is_open
    AND renews <> plan_credits_renew(stripe_subscription_id, expires_at);
  IF account.allocation > 0 AND NOT EXISTS (
    SELECT FROM subscriptions
    WHERE customer_id = wanted.customer_id AND status NOT IN ('canceled', 'incomplete_expired', 'unpaid')
  ) THEN
    account.allocation := 0;
    PERFORM save_credit_account(account, p_now);
  END IF;
END $$;
--> statement-breakpoint
-- Trigger: what changed of a subscription, each member with its old and its new value.
CREATE FUNCTION record_subscription_change() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  unseen CONSTANT text[] := ARRAY['id', 'customer_id', 'version', 'event_id', 'synced_at', 'created_at'];
  old_state CONSTANT jsonb := CASE WHEN tg_op = 'UPDATE' THEN to_jsonb(old) - unseen ELSE '{}' END;
  changes jsonb;
BEGIN
  SELECT jsonb_object_agg(key, jsonb_build_array(old_state -> key, value)) INTO changes
  FROM jsonb_each(to_jsonb(new) - unseen)
  WHERE old_state -> key IS DISTINCT FROM value AND (tg_op = 'UPDATE' OR value <> 'null');
  IF changes IS NOT NULL THEN
    INSERT INTO subscription_changes (subscription_id, customer_id, changes, event_id, changed_at)
    VALUES (new.id, new.customer_id, changes, new.event_id, new.synced_at);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER history AFTER INSERT OR UPDATE ON subscriptions
  FOR EACH ROW EXECUTE FUNCTION record_subscription_change();
