CREATE TABLE "alerts" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"kind" text NOT NULL,
	"subject" text DEFAULT '' NOT NULL,
	"data" jsonb NOT NULL,
	"opened_at" timestamp with time zone DEFAULT now() NOT NULL,
	"last_seen_at" timestamp with time zone DEFAULT now() NOT NULL,
	"closed_at" timestamp with time zone,
	"acknowledged_at" timestamp with time zone,
	"acknowledged_by" text,
	"note" text,
	CONSTRAINT "alerts_kind_known" CHECK ("alerts"."kind" in ('consecutive_failures', 'dead_events', 'backlog_age', 'gap', 'signature_failures', 'reconcile_differences', 'endpoint_disabled'))
);
--> statement-breakpoint
CREATE TABLE "heartbeats" (
	"name" text PRIMARY KEY NOT NULL,
	"beat_at" timestamp with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "delivery_attempts" (
	"delivery_id" uuid NOT NULL,
	"attempt" integer NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"status_code" integer,
	"error" text,
	CONSTRAINT "delivery_attempts_pk" PRIMARY KEY("delivery_id","attempt")
);
--> statement-breakpoint
CREATE TABLE "event_deliveries" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"endpoint_id" uuid NOT NULL,
	"event_id" text NOT NULL,
	"event_type" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"failures" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone DEFAULT now() NOT NULL,
	"lease_until" timestamp with time zone,
	"rung_at" timestamp with time zone,
	"last_status_code" integer,
	"last_error" text,
	"delivered_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "event_deliveries_once" UNIQUE("endpoint_id","event_id"),
	CONSTRAINT "event_deliveries_status_known" CHECK ("event_deliveries"."status" in ('pending', 'delivering', 'delivered', 'dead', 'canceled'))
);
--> statement-breakpoint
CREATE TABLE "event_endpoints" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"url" text NOT NULL,
	"description" text,
	"event_types" text[] NOT NULL,
	"format" text NOT NULL,
	"sealed_secret" text,
	"previous_sealed_secret" text,
	"previous_secret_until" timestamp with time zone,
	"is_enabled" boolean DEFAULT true NOT NULL,
	"disabled_reason" text,
	"disabled_at" timestamp with time zone,
	"failing_since" timestamp with time zone,
	"deleted_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"created_by" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "event_endpoints_format_known" CHECK ("event_endpoints"."format" in ('standard', 'slack', 'mail')),
	CONSTRAINT "event_endpoints_secret_where_signed" CHECK (("event_endpoints"."sealed_secret" is null) = ("event_endpoints"."format" = 'mail')),
	CONSTRAINT "event_endpoints_disabled_whole" CHECK ("event_endpoints"."is_enabled" = ("event_endpoints"."disabled_at" is null)),
	CONSTRAINT "event_endpoints_types_not_empty" CHECK (cardinality("event_endpoints"."event_types") > 0)
);
--> statement-breakpoint
CREATE TABLE "outbound_events" (
	"id" text PRIMARY KEY DEFAULT 'msg_' || replace(gen_random_uuid()::text, '-', '') NOT NULL,
	"event_type" text NOT NULL,
	"customer_id" uuid,
	"data" jsonb NOT NULL,
	"cause_event_id" text,
	"occurred_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "gap_checks" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "gap_checks_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"window_since" timestamp with time zone NOT NULL,
	"window_until" timestamp with time zone NOT NULL,
	"resume_after" text,
	"listed" integer DEFAULT 0 NOT NULL,
	"stored" integer DEFAULT 0 NOT NULL,
	"started_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	"finished_at" timestamp with time zone
);
--> statement-breakpoint
CREATE TABLE "webhook_actions" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "webhook_actions_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"event_id" text NOT NULL,
	"action" text NOT NULL,
	"actor" text NOT NULL,
	"reason" text,
	"request_id" text NOT NULL,
	"operation_id" uuid NOT NULL,
	"acted_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "webhook_actions_once" UNIQUE("operation_id","event_id"),
	CONSTRAINT "webhook_actions_action_known" CHECK ("webhook_actions"."action" in ('retry', 'ignore', 'replay'))
);
--> statement-breakpoint
CREATE TABLE "webhook_attempts" (
	"event_id" text NOT NULL,
	"attempt" integer NOT NULL,
	"event_type" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"ended_at" timestamp with time zone,
	"outcome" text,
	"error" text,
	CONSTRAINT "webhook_attempts_pk" PRIMARY KEY("event_id","attempt"),
	CONSTRAINT "webhook_attempts_outcome_known" CHECK ("webhook_attempts"."outcome" in ('processed', 'ignored', 'failed', 'lost')),
	CONSTRAINT "webhook_attempts_ended_whole" CHECK (("webhook_attempts"."ended_at" is null) = ("webhook_attempts"."outcome" is null))
);
--> statement-breakpoint
CREATE TABLE "webhook_rejections" (
	"minute" timestamp with time zone NOT NULL,
	"code" text NOT NULL,
	"count" bigint NOT NULL,
	CONSTRAINT "webhook_rejections_pk" PRIMARY KEY("minute","code")
);
--> statement-breakpoint
DROP INDEX "webhook_events_dead";
--> statement-breakpoint
ALTER TABLE "webhook_events" ALTER COLUMN "payload" DROP NOT NULL;
--> statement-breakpoint
ALTER TABLE "webhook_events" ADD COLUMN "received_by" text DEFAULT 'webhook' NOT NULL;
--> statement-breakpoint
ALTER TABLE "webhook_events" ADD COLUMN "stripe_customer_id" text;
--> statement-breakpoint
ALTER TABLE "webhook_events" ADD COLUMN "failures" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "delivery_attempts" ADD CONSTRAINT "delivery_attempts_delivery_id_fk" FOREIGN KEY ("delivery_id") REFERENCES "public"."event_deliveries"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "event_deliveries" ADD CONSTRAINT "event_deliveries_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."outbound_events"("id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "webhook_attempts" ADD CONSTRAINT "webhook_attempts_event_id_fk" FOREIGN KEY ("event_id") REFERENCES "public"."webhook_events"("event_id") ON DELETE cascade ON UPDATE no action;
--> statement-breakpoint
CREATE UNIQUE INDEX "alerts_open" ON "alerts" USING btree ("kind","subject") WHERE "alerts"."closed_at" is null;
--> statement-breakpoint
CREATE INDEX "alerts_opened_at" ON "alerts" USING btree ("opened_at","id");
--> statement-breakpoint
CREATE INDEX "event_deliveries_listed" ON "event_deliveries" USING btree ("endpoint_id","created_at","id");
--> statement-breakpoint
CREATE INDEX "event_deliveries_event_id" ON "event_deliveries" USING btree ("event_id");
--> statement-breakpoint
CREATE INDEX "event_deliveries_due" ON "event_deliveries" USING btree ("next_attempt_at") WHERE "event_deliveries"."status" in ('pending', 'delivering');
--> statement-breakpoint
CREATE INDEX "outbound_events_created_at" ON "outbound_events" USING btree ("created_at","id");
--> statement-breakpoint
CREATE INDEX "outbound_events_cause" ON "outbound_events" USING btree ("cause_event_id") WHERE "outbound_events"."cause_event_id" is not null;
--> statement-breakpoint
CREATE INDEX "gap_checks_updated_at" ON "gap_checks" USING btree ("updated_at");
--> statement-breakpoint
CREATE UNIQUE INDEX "gap_checks_unfinished" ON "gap_checks" USING btree (("finished_at" is null)) WHERE "gap_checks"."finished_at" is null;
--> statement-breakpoint
CREATE INDEX "webhook_actions_event_id" ON "webhook_actions" USING btree ("event_id","id");
--> statement-breakpoint
CREATE INDEX "webhook_actions_acted_at" ON "webhook_actions" USING btree ("acted_at");
--> statement-breakpoint
CREATE INDEX "webhook_attempts_ended_at" ON "webhook_attempts" USING btree ("ended_at");
--> statement-breakpoint
CREATE INDEX "webhook_attempts_type" ON "webhook_attempts" USING btree ("event_type","ended_at");
--> statement-breakpoint
CREATE INDEX "subscription_changes_event_id" ON "subscription_changes" USING btree ("event_id") WHERE "subscription_changes"."event_id" is not null;
--> statement-breakpoint
CREATE INDEX "credit_transactions_event_id" ON "credit_transactions" USING btree ("event_id") WHERE "credit_transactions"."event_id" is not null;
--> statement-breakpoint
CREATE INDEX "webhook_events_received_at" ON "webhook_events" USING btree ("received_at","event_id");
--> statement-breakpoint
CREATE INDEX "webhook_events_type" ON "webhook_events" USING btree ("event_type","status","received_at","event_id");
--> statement-breakpoint
CREATE INDEX "webhook_events_stripe_customer_id" ON "webhook_events" USING btree ("stripe_customer_id","received_at");
--> statement-breakpoint
CREATE INDEX "webhook_events_status" ON "webhook_events" USING btree ("status","received_at","event_id");
--> statement-breakpoint
CREATE INDEX "webhook_events_received_otherwise" ON "webhook_events" USING btree ("received_by","received_at","event_id") WHERE "webhook_events"."received_by" <> 'webhook';
--> statement-breakpoint
CREATE INDEX "webhook_events_uncleaned" ON "webhook_events" USING btree ("received_at") WHERE "webhook_events"."payload" is not null and "webhook_events"."status" in ('processed', 'ignored');
--> statement-breakpoint
CREATE INDEX "webhook_events_waiting_of_customer" ON "webhook_events" USING btree ("stripe_customer_id","stripe_created") WHERE "webhook_events"."status" in ('pending', 'failed', 'processing');
--> statement-breakpoint
ALTER TABLE "webhook_events" ADD CONSTRAINT "webhook_events_payload_until_done" CHECK ("webhook_events"."payload" is not null or "webhook_events"."status" in ('processed', 'ignored'));
--> statement-breakpoint
ALTER TABLE "webhook_events" ADD CONSTRAINT "webhook_events_received_by_known" CHECK ("webhook_events"."received_by" in ('webhook', 'events_api', 'replay'));
