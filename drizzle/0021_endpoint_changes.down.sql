DROP TABLE "endpoint_changes" CASCADE;
--> statement-breakpoint
DROP INDEX "event_deliveries_status";
--> statement-breakpoint
DROP INDEX "event_deliveries_type";
--> statement-breakpoint
DROP INDEX "outbound_events_type";
--> statement-breakpoint
DROP INDEX "outbound_events_customer";
