ALTER TABLE "auto_top_ups" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "grant_schedules" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "reconciliations" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "subscription_changes" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "subscriptions" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "top_ups" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "credit_hold_lots" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "credit_holds" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "credit_transaction_lots" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
ALTER TABLE "customer_notices" DISABLE ROW LEVEL SECURITY;
--> statement-breakpoint
DROP TABLE "auto_top_ups" CASCADE;
--> statement-breakpoint
DROP TABLE "grant_schedules" CASCADE;
--> statement-breakpoint
DROP TABLE "reconciliations" CASCADE;
--> statement-breakpoint
DROP TABLE "subscription_changes" CASCADE;
--> statement-breakpoint
DROP TABLE "subscriptions" CASCADE;
--> statement-breakpoint
DROP TABLE "top_ups" CASCADE;
--> statement-breakpoint
DROP TABLE "credit_hold_lots" CASCADE;
--> statement-breakpoint
DROP TABLE "credit_holds" CASCADE;
--> statement-breakpoint
DROP TABLE "credit_transaction_lots" CASCADE;
--> statement-breakpoint
DROP TABLE "customer_notices" CASCADE;
--> statement-breakpoint
ALTER TABLE "payments" DROP CONSTRAINT "payments_disputed_not_negative";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP CONSTRAINT "credit_accounts_held_not_negative";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP CONSTRAINT "credit_accounts_debt_not_negative";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP CONSTRAINT "credit_lots_kind_known";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP CONSTRAINT "credit_lots_held_range";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP CONSTRAINT "credit_lots_parts";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP CONSTRAINT "credit_lots_source_known";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP CONSTRAINT "credit_transactions_moves_something";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP CONSTRAINT "credit_transactions_type_known";
--> statement-breakpoint
ALTER TABLE "pricing_history" DROP CONSTRAINT "pricing_history_item_type_known";
--> statement-breakpoint
ALTER TABLE "subscription_plans" DROP CONSTRAINT "subscription_plans_trial_credits_range";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP CONSTRAINT "credit_lots_payment_id_fk";
--> statement-breakpoint
DROP INDEX "credit_lots_open";
--> statement-breakpoint
DROP INDEX "credit_lots_expiring";
--> statement-breakpoint
DROP INDEX "credit_lots_payment_id";
--> statement-breakpoint
DROP INDEX "credit_lots_subscription";
--> statement-breakpoint
DROP INDEX "customers_email";
--> statement-breakpoint
DROP INDEX "customers_subject";
--> statement-breakpoint
DROP INDEX "webhook_events_customer_id";
--> statement-breakpoint
DROP INDEX "credit_lots_customer_id";
--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "disputed" boolean DEFAULT false NOT NULL;
--> statement-breakpoint
CREATE INDEX "credit_lots_customer_id" ON "credit_lots" USING btree ("customer_id");
--> statement-breakpoint
ALTER TABLE "payments" DROP COLUMN "disputed_minor";
--> statement-breakpoint
ALTER TABLE "payments" DROP COLUMN "dispute_status";
--> statement-breakpoint
ALTER TABLE "payments" DROP COLUMN "version";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP COLUMN "held";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP COLUMN "debt";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP COLUMN "used";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP COLUMN "purchased";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP COLUMN "allocation";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP COLUMN "used_at_reset";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP COLUMN "last_reset_at";
--> statement-breakpoint
ALTER TABLE "credit_accounts" DROP COLUMN "low_since";
--> statement-breakpoint
ALTER TABLE "credit_costs" DROP COLUMN "version";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "kind";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "payment_id";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "stripe_subscription_id";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "held";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "expired";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "reversed";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "reversals";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "period_end";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "renews";
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP COLUMN "is_open";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP COLUMN "debt_change";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP COLUMN "held_after";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP COLUMN "debt_after";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP COLUMN "quantity";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP COLUMN "reason";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP COLUMN "request_hash";
--> statement-breakpoint
ALTER TABLE "subscription_plans" DROP COLUMN "trial_credits";
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_source_known" CHECK ("credit_lots"."source" in ('checkout_session', 'invoice_line', 'import'));
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_amount_not_zero" CHECK ("credit_transactions"."amount" <> 0);
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_type_known" CHECK ("credit_transactions"."transaction_type" in ('purchase', 'subscription_grant', 'import'));
--> statement-breakpoint
ALTER TABLE "pricing_history" ADD CONSTRAINT "pricing_history_item_type_known" CHECK ("pricing_history"."item_type" in ('plan', 'package'));
