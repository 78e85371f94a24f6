CREATE TABLE "endpoint_changes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "endpoint_changes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"endpoint_id" uuid NOT NULL,
	"action" text NOT NULL,
	"details" jsonb NOT NULL,
	"actor" text NOT NULL,
	"request_id" text,
	"operation_id" uuid,
	"changed_at" timestamp with time zone DEFAULT clock_timestamp() NOT NULL,
	CONSTRAINT "endpoint_changes_operation_id" UNIQUE("operation_id"),
	CONSTRAINT "endpoint_changes_action_known" CHECK ("endpoint_changes"."action" in ('created', 'changed', 'secret_rotated', 'deleted', 'tested', 'replayed'))
);
--> statement-breakpoint
CREATE INDEX "endpoint_changes_endpoint_id" ON "endpoint_changes" USING btree ("endpoint_id","id");
--> statement-breakpoint
CREATE INDEX "event_deliveries_status" ON "event_deliveries" USING btree ("endpoint_id","status","created_at","id");
--> statement-breakpoint
CREATE INDEX "event_deliveries_type" ON "event_deliveries" USING btree ("endpoint_id","event_type","created_at","id");
--> statement-breakpoint
CREATE INDEX "outbound_events_type" ON "outbound_events" USING btree ("event_type","created_at","id");
--> statement-breakpoint
CREATE INDEX "outbound_events_customer" ON "outbound_events" USING btree ("customer_id","created_at","id") WHERE "outbound_events"."customer_id" is not null;
