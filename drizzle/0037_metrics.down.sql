DROP FUNCTION recount_metrics();
--> statement-breakpoint
DROP FUNCTION roll_up_metrics();
--> statement-breakpoint
DROP FUNCTION add_to_ledger_totals(bigint, bigint);
--> statement-breakpoint
DROP TRIGGER count ON auth_events;
--> statement-breakpoint
DROP FUNCTION count_auth_event();
--> statement-breakpoint
DROP TRIGGER count_ended ON event_deliveries;
--> statement-breakpoint
DROP FUNCTION count_delivery();
--> statement-breakpoint
DROP TRIGGER count_changed ON subscriptions;
--> statement-breakpoint
DROP TRIGGER count_new ON subscriptions;
--> statement-breakpoint
DROP FUNCTION count_subscription();
--> statement-breakpoint
DROP FUNCTION subscription_labels(subscriptions);
--> statement-breakpoint
DROP TRIGGER count_new_failure ON webhook_attempts;
--> statement-breakpoint
DROP TRIGGER count_failure ON webhook_attempts;
--> statement-breakpoint
DROP FUNCTION count_failure();
--> statement-breakpoint
DROP TRIGGER count_deleted ON webhook_events;
--> statement-breakpoint
DROP TRIGGER count_changed ON webhook_events;
--> statement-breakpoint
DROP TRIGGER count_new ON webhook_events;
--> statement-breakpoint
DROP FUNCTION count_event();
--> statement-breakpoint
DROP FUNCTION processing_seconds(webhook_events);
--> statement-breakpoint
DROP FUNCTION processing_bucket(double precision);
--> statement-breakpoint
DROP TABLE "ledger_marks" CASCADE;
--> statement-breakpoint
DROP TABLE "ledger_totals" CASCADE;
--> statement-breakpoint
DROP TABLE "metric_changes" CASCADE;
--> statement-breakpoint
DROP TABLE "metric_counts" CASCADE;
--> statement-breakpoint
DROP INDEX "credit_transactions_position";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP COLUMN "position";
--> statement-breakpoint
DROP SEQUENCE credit_transactions_position_seq;
