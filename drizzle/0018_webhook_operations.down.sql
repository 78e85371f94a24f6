DROP TABLE "alerts" CASCADE;
--> statement-breakpoint
DROP TABLE "heartbeats" CASCADE;
--> statement-breakpoint
DROP TABLE "delivery_attempts" CASCADE;
--> statement-breakpoint
DROP TABLE "event_deliveries" CASCADE;
--> statement-breakpoint
DROP TABLE "event_endpoints" CASCADE;
--> statement-breakpoint
DROP TABLE "outbound_events" CASCADE;
--> statement-breakpoint
DROP TABLE "gap_checks" CASCADE;
--> statement-breakpoint
DROP TABLE "webhook_actions" CASCADE;
--> statement-breakpoint
DROP TABLE "webhook_attempts" CASCADE;
--> statement-breakpoint
DROP TABLE "webhook_rejections" CASCADE;
--> statement-breakpoint
ALTER TABLE "webhook_events" DROP CONSTRAINT "webhook_events_payload_until_done";
--> statement-breakpoint
ALTER TABLE "webhook_events" DROP CONSTRAINT "webhook_events_received_by_known";
--> statement-breakpoint
DROP INDEX "subscription_changes_event_id";
--> statement-breakpoint
DROP INDEX "credit_transactions_event_id";
--> statement-breakpoint
DROP INDEX "webhook_events_received_at";
--> statement-breakpoint
DROP INDEX "webhook_events_type";
--> statement-breakpoint
DROP INDEX "webhook_events_stripe_customer_id";
--> statement-breakpoint
DROP INDEX "webhook_events_status";
--> statement-breakpoint
DROP INDEX "webhook_events_received_otherwise";
--> statement-breakpoint
DROP INDEX "webhook_events_uncleaned";
--> statement-breakpoint
DROP INDEX "webhook_events_waiting_of_customer";
--> statement-breakpoint
UPDATE webhook_events SET payload = '' WHERE payload IS NULL;
--> statement-breakpoint
ALTER TABLE "webhook_events" ALTER COLUMN "payload" SET NOT NULL;
--> statement-breakpoint
CREATE INDEX "webhook_events_dead" ON "webhook_events" USING btree ("received_at") WHERE "webhook_events"."status" = 'dead';
--> statement-breakpoint
ALTER TABLE "webhook_events" DROP COLUMN "received_by";
--> statement-breakpoint
ALTER TABLE "webhook_events" DROP COLUMN "stripe_customer_id";
--> statement-breakpoint
ALTER TABLE "webhook_events" DROP COLUMN "failures";
