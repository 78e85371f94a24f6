DROP TRIGGER history ON subscriptions;
--> statement-breakpoint
DROP TRIGGER no_truncate ON credit_costs;
--> statement-breakpoint
DROP TRIGGER item_version ON credit_costs;
--> statement-breakpoint
DROP TRIGGER history ON credit_costs;
--> statement-breakpoint
CREATE OR REPLACE TRIGGER catalogue_version
  AFTER INSERT OR DELETE OR UPDATE OF plan_key, name, interval, rollover_cap, features, is_active, sort_order
  ON subscription_plans FOR EACH STATEMENT EXECUTE FUNCTION count_up_catalogue_version('prices');
--> statement-breakpoint
CREATE OR REPLACE TRIGGER item_version BEFORE UPDATE ON subscription_plans FOR EACH ROW
  EXECUTE FUNCTION count_up_item_version(
    'plan_key', 'name', 'interval', 'rollover_cap', 'features', 'is_active', 'sort_order');
--> statement-breakpoint
CREATE OR REPLACE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON subscription_plans FOR EACH ROW
  EXECUTE FUNCTION record_item_changes(
    'plan', 'plan_key', 'name', 'interval', 'rollover_cap', 'features', 'is_active', 'sort_order');
--> statement-breakpoint
DROP TRIGGER no_delete ON credit_accounts;
--> statement-breakpoint
DROP TRIGGER no_delete ON credit_lots;
--> statement-breakpoint
DROP TRIGGER no_delete ON credit_holds;
--> statement-breakpoint
DROP TRIGGER append_only ON credit_hold_lots;
--> statement-breakpoint
DROP TRIGGER append_only ON subscription_changes;
--> statement-breakpoint
DROP TRIGGER append_only ON credit_transaction_lots;
--> statement-breakpoint
DROP FUNCTION record_subscription_change();
--> statement-breakpoint
DROP FUNCTION apply_subscription(jsonb, integer, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION expire_credits(integer, timestamptz);
--> statement-breakpoint
DROP FUNCTION adjust_credits(uuid, bigint, text, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION claw_back_credits(uuid, bigint, uuid, text, text, text, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION reverse_payment(uuid, integer, bigint, bigint, text, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION reversal_cause(payments, payments, integer);
--> statement-breakpoint
DROP FUNCTION reverse_lot(credit_accounts, uuid, payments, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION give_back_credits(credit_accounts, uuid, uuid, bigint, bigint, timestamptz);
--> statement-breakpoint
DROP FUNCTION reversals_of(credit_lots);
--> statement-breakpoint
DROP FUNCTION credits_gone_back(bigint, payments);
--> statement-breakpoint
DROP FUNCTION take_back_credits(credit_accounts, bigint, uuid, text, text, text, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION grant_credits(uuid, bigint, text, text, text, text, uuid, uuid, text, timestamptz, text, text, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION roll_over_plan_credits(credit_accounts, credit_lots, timestamptz);
--> statement-breakpoint
DROP FUNCTION plan_credits_renew(text, timestamptz);
--> statement-breakpoint
DROP FUNCTION release_credit_hold(uuid, uuid, timestamptz, uuid);
--> statement-breakpoint
DROP FUNCTION capture_credit_hold(uuid, uuid, bigint, text, timestamptz, uuid);
--> statement-breakpoint
DROP FUNCTION lock_credit_hold(uuid, uuid, timestamptz);
--> statement-breakpoint
DROP FUNCTION credit_hold_json(credit_holds);
--> statement-breakpoint
DROP FUNCTION hold_credits(uuid, uuid, text, bigint, bigint, jsonb, text, timestamptz, text, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION stop_top_up(uuid, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION top_up_is_due(credit_accounts);
--> statement-breakpoint
DROP FUNCTION spend_credits(uuid, text, bigint, bigint, jsonb, text, text, text, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION credit_cost(text, bigint, bigint);
--> statement-breakpoint
DROP FUNCTION credit_transaction_json(credit_transactions);
--> statement-breakpoint
DROP FUNCTION credit_account_json(credit_accounts);
--> statement-breakpoint
DROP FUNCTION settle_credit_account(credit_accounts, timestamptz);
--> statement-breakpoint
DROP FUNCTION expire_holds_of(credit_accounts, timestamptz);
--> statement-breakpoint
DROP FUNCTION end_credit_hold(credit_accounts, credit_holds, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION repay_credit_debt(credit_accounts, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION expire_lots_of(credit_accounts, timestamptz);
--> statement-breakpoint
DROP FUNCTION take_credits(uuid, uuid, bigint, uuid, timestamptz);
--> statement-breakpoint
DROP FUNCTION post_credit_transaction(credit_accounts, text, bigint, bigint, text, text, text, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION save_credit_account(credit_accounts, timestamptz);
--> statement-breakpoint
DROP FUNCTION lock_credit_account(uuid);
--> statement-breakpoint
DROP FUNCTION add_months(timestamptz, integer);
--> statement-breakpoint
ALTER TABLE credit_accounts RESET (fillfactor);
--> statement-breakpoint
ALTER TABLE credit_lots RESET (fillfactor);
--> statement-breakpoint
-- Grants credits for one fact, named by (p_source, p_source_ref): lot, ledger row and balance, or, when the fact has
-- granted before, nothing. Locks the account first. Returns whether it granted, and the balance that holds now.
CREATE FUNCTION grant_credits(
  p_customer_id uuid, p_amount bigint, p_source text, p_source_ref text, p_transaction_type text, p_offer_id uuid,
  p_expires_at timestamptz, p_description text, p_event_id text, p_actor text
) RETURNS TABLE (granted boolean, balance bigint) LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts;
BEGIN
  INSERT INTO credit_accounts (customer_id) VALUES (p_customer_id) ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT account FROM credit_accounts WHERE customer_id = p_customer_id FOR UPDATE;
  INSERT INTO credit_lots (customer_id, source, source_ref, offer_id, granted, remaining, expires_at)
  VALUES (p_customer_id, p_source, p_source_ref, p_offer_id, p_amount, p_amount, p_expires_at)
  ON CONFLICT (source, source_ref) DO NOTHING;
  IF NOT FOUND THEN
    RETURN QUERY SELECT false, account.balance;
    RETURN;
  END IF;
  UPDATE credit_accounts AS a
  SET balance = a.balance + p_amount, last_sequence = a.last_sequence + 1, updated_at = now()
  WHERE a.customer_id = p_customer_id RETURNING a.* INTO account;
  INSERT INTO credit_transactions
    (customer_id, sequence, transaction_type, amount, balance_after, description, source_ref, event_id, actor)
  VALUES (p_customer_id, account.last_sequence, p_transaction_type, p_amount, account.balance, p_description,
    p_source_ref, p_event_id, p_actor);
  RETURN QUERY SELECT true, account.balance;
END $$;
