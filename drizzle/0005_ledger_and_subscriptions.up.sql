CREATE TABLE "auto_top_ups" (
	"customer_id" uuid PRIMARY KEY NOT NULL,
	"is_enabled" boolean NOT NULL,
	"threshold" bigint NOT NULL,
	"package_id" uuid NOT NULL,
	"monthly_cap_minor" bigint NOT NULL,
	"declines" integer DEFAULT 0 NOT NULL,
	"stopped_at" timestamp with time zone,
	"stopped_reason" text,
	"next_attempt_at" timestamp with time zone,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "auto_top_ups_threshold_positive" CHECK ("auto_top_ups"."threshold" > 0),
	CONSTRAINT "auto_top_ups_monthly_cap_not_negative" CHECK ("auto_top_ups"."monthly_cap_minor" >= 0)
);
--> statement-breakpoint
CREATE TABLE "grant_schedules" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"source_ref" text NOT NULL,
	"customer_id" uuid NOT NULL,
	"stripe_subscription_id" text NOT NULL,
	"payment_id" uuid NOT NULL,
	"offer_id" uuid NOT NULL,
	"quantity" integer DEFAULT 1 NOT NULL,
	"period_start" timestamp with time zone NOT NULL,
	"period_end" timestamp with time zone NOT NULL,
	"next_month" integer DEFAULT 1 NOT NULL,
	"next_grant_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "grant_schedules_source_ref_unique" UNIQUE("source_ref")
);
--> statement-breakpoint
CREATE TABLE "reconciliations" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"finished_at" timestamp with time zone NOT NULL,
	"compared" jsonb NOT NULL,
	"differences" jsonb NOT NULL
);
--> statement-breakpoint
CREATE TABLE "subscription_changes" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "subscription_changes_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"subscription_id" uuid NOT NULL,
	"customer_id" uuid NOT NULL,
	"changes" jsonb NOT NULL,
	"event_id" text,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "subscriptions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"stripe_subscription_id" text NOT NULL,
	"customer_id" uuid NOT NULL,
	"stripe_item_id" text NOT NULL,
	"offer_id" uuid NOT NULL,
	"quantity" integer DEFAULT 1 NOT NULL,
	"status" text NOT NULL,
	"started_at" timestamp with time zone NOT NULL,
	"current_period_start" timestamp with time zone NOT NULL,
	"current_period_end" timestamp with time zone NOT NULL,
	"cancel_at_period_end" boolean DEFAULT false NOT NULL,
	"cancel_at" timestamp with time zone,
	"canceled_at" timestamp with time zone,
	"ended_at" timestamp with time zone,
	"trial_start" timestamp with time zone,
	"trial_end" timestamp with time zone,
	"pause_behavior" text,
	"pause_resumes_at" timestamp with time zone,
	"stripe_schedule_id" text,
	"next_offer_id" uuid,
	"next_offer_at" timestamp with time zone,
	"version" integer DEFAULT 1 NOT NULL,
	"event_id" text,
	"synced_at" timestamp with time zone DEFAULT now() NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "subscriptions_stripe_subscription_id_unique" UNIQUE("stripe_subscription_id")
);
--> statement-breakpoint
CREATE TABLE "top_ups" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"customer_id" uuid NOT NULL,
	"offer_id" uuid NOT NULL,
	"status" text DEFAULT 'started' NOT NULL,
	"currency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"stripe_payment_intent_id" text,
	"failure_code" text,
	"lease_until" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "top_ups_stripe_payment_intent_id_unique" UNIQUE("stripe_payment_intent_id"),
	CONSTRAINT "top_ups_status_known" CHECK ("top_ups"."status" in ('started', 'processing', 'paid', 'failed'))
);
--> statement-breakpoint
CREATE TABLE "credit_hold_lots" (
	"hold_id" uuid NOT NULL,
	"position" integer NOT NULL,
	"lot_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	CONSTRAINT "credit_hold_lots_pk" PRIMARY KEY("hold_id","position"),
	CONSTRAINT "credit_hold_lots_amount_positive" CHECK ("credit_hold_lots"."amount" > 0)
);
--> statement-breakpoint
CREATE TABLE "credit_holds" (
	"id" uuid PRIMARY KEY NOT NULL,
	"customer_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	"captured" bigint,
	"status" text DEFAULT 'active' NOT NULL,
	"operation_type" text,
	"operation_details" jsonb,
	"description" text NOT NULL,
	"actor" text NOT NULL,
	"balance_after" bigint NOT NULL,
	"held_after" bigint NOT NULL,
	"idempotency_key" text,
	"request_hash" text,
	"expires_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"settled_at" timestamp with time zone,
	CONSTRAINT "credit_holds_idempotency_key_unique" UNIQUE("customer_id","idempotency_key"),
	CONSTRAINT "credit_holds_amount_positive" CHECK ("credit_holds"."amount" > 0),
	CONSTRAINT "credit_holds_captured_range" CHECK ("credit_holds"."captured" between 0 and "credit_holds"."amount"),
	CONSTRAINT "credit_holds_status_known" CHECK ("credit_holds"."status" in ('active', 'captured', 'released', 'expired'))
);
--> statement-breakpoint
CREATE TABLE "credit_transaction_lots" (
	"transaction_id" uuid NOT NULL,
	"lot_id" uuid NOT NULL,
	"amount" bigint NOT NULL,
	CONSTRAINT "credit_transaction_lots_pk" PRIMARY KEY("transaction_id","lot_id"),
	CONSTRAINT "credit_transaction_lots_amount_not_zero" CHECK ("credit_transaction_lots"."amount" <> 0)
);
--> statement-breakpoint
CREATE TABLE "customer_notices" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"customer_id" uuid NOT NULL,
	"notice_type" text NOT NULL,
	"data" jsonb NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "credit_lots" DROP CONSTRAINT "credit_lots_source_known";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP CONSTRAINT "credit_transactions_amount_not_zero";
--> statement-breakpoint
ALTER TABLE "credit_transactions" DROP CONSTRAINT "credit_transactions_type_known";
--> statement-breakpoint
ALTER TABLE "pricing_history" DROP CONSTRAINT "pricing_history_item_type_known";
--> statement-breakpoint
DROP INDEX "credit_lots_customer_id";
--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "disputed_minor" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "dispute_status" text;
--> statement-breakpoint
ALTER TABLE "payments" ADD COLUMN "version" integer DEFAULT 1 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD COLUMN "held" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD COLUMN "debt" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD COLUMN "used" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD COLUMN "purchased" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD COLUMN "allocation" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD COLUMN "used_at_reset" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD COLUMN "last_reset_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD COLUMN "low_since" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "credit_costs" ADD COLUMN "version" integer DEFAULT 1 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "kind" text DEFAULT 'purchased' NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "payment_id" uuid;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "stripe_subscription_id" text;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "held" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "expired" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "reversed" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "reversals" integer DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "period_end" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "renews" boolean DEFAULT false NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD COLUMN "is_open" boolean GENERATED ALWAYS AS (remaining > 0) STORED NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD COLUMN "debt_change" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD COLUMN "held_after" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD COLUMN "debt_after" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD COLUMN "quantity" bigint;
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD COLUMN "reason" text;
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD COLUMN "request_hash" text;
--> statement-breakpoint
ALTER TABLE "subscription_plans" ADD COLUMN "trial_credits" bigint DEFAULT 0 NOT NULL;
--> statement-breakpoint
ALTER TABLE "auto_top_ups" ADD CONSTRAINT "auto_top_ups_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "auto_top_ups" ADD CONSTRAINT "auto_top_ups_package_id_fk" FOREIGN KEY ("package_id") REFERENCES "public"."credit_packages"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "grant_schedules" ADD CONSTRAINT "grant_schedules_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "grant_schedules" ADD CONSTRAINT "grant_schedules_payment_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "grant_schedules" ADD CONSTRAINT "grant_schedules_offer_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "subscription_changes" ADD CONSTRAINT "subscription_changes_subscription_id_fk" FOREIGN KEY ("subscription_id") REFERENCES "public"."subscriptions"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_offer_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "subscriptions" ADD CONSTRAINT "subscriptions_next_offer_id_fk" FOREIGN KEY ("next_offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "top_ups" ADD CONSTRAINT "top_ups_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "top_ups" ADD CONSTRAINT "top_ups_offer_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_hold_lots" ADD CONSTRAINT "credit_hold_lots_hold_id_fk" FOREIGN KEY ("hold_id") REFERENCES "public"."credit_holds"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_hold_lots" ADD CONSTRAINT "credit_hold_lots_lot_id_fk" FOREIGN KEY ("lot_id") REFERENCES "public"."credit_lots"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_holds" ADD CONSTRAINT "credit_holds_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."credit_accounts"("customer_id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_transaction_lots" ADD CONSTRAINT "credit_transaction_lots_transaction_fk" FOREIGN KEY ("transaction_id") REFERENCES "public"."credit_transactions"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_transaction_lots" ADD CONSTRAINT "credit_transaction_lots_lot_id_fk" FOREIGN KEY ("lot_id") REFERENCES "public"."credit_lots"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "customer_notices" ADD CONSTRAINT "customer_notices_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "grant_schedules_due" ON "grant_schedules" USING btree ("next_grant_at") WHERE "grant_schedules"."next_grant_at" is not null;
--> statement-breakpoint
CREATE INDEX "grant_schedules_subscription" ON "grant_schedules" USING btree ("stripe_subscription_id");
--> statement-breakpoint
CREATE INDEX "grant_schedules_customer_id" ON "grant_schedules" USING btree ("customer_id");
--> statement-breakpoint
CREATE INDEX "subscription_changes_customer_id" ON "subscription_changes" USING btree ("customer_id","id");
--> statement-breakpoint
CREATE INDEX "subscriptions_customer_id" ON "subscriptions" USING btree ("customer_id","started_at");
--> statement-breakpoint
CREATE UNIQUE INDEX "top_ups_one_in_flight" ON "top_ups" USING btree ("customer_id") WHERE "top_ups"."status" in ('started', 'processing');
--> statement-breakpoint
CREATE INDEX "top_ups_customer_id" ON "top_ups" USING btree ("customer_id","created_at");
--> statement-breakpoint
CREATE INDEX "credit_holds_active" ON "credit_holds" USING btree ("expires_at") WHERE "credit_holds"."status" = 'active';
--> statement-breakpoint
CREATE INDEX "credit_holds_customer_id" ON "credit_holds" USING btree ("customer_id","created_at");
--> statement-breakpoint
CREATE INDEX "customer_notices_customer_id" ON "customer_notices" USING btree ("customer_id","created_at");
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_payment_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "credit_lots_open" ON "credit_lots" USING btree ("customer_id") WHERE is_open;
--> statement-breakpoint
CREATE INDEX "credit_lots_expiring" ON "credit_lots" USING btree ("expires_at") WHERE is_open and not renews;
--> statement-breakpoint
CREATE INDEX "credit_lots_payment_id" ON "credit_lots" USING btree ("payment_id") WHERE payment_id is not null;
--> statement-breakpoint
CREATE INDEX "credit_lots_subscription" ON "credit_lots" USING btree ("stripe_subscription_id") WHERE is_open;
--> statement-breakpoint
CREATE INDEX "customers_email" ON "customers" USING btree (lower("email"));
--> statement-breakpoint
CREATE INDEX "customers_subject" ON "customers" USING btree ("subject");
--> statement-breakpoint
CREATE INDEX "webhook_events_customer_id" ON "webhook_events" USING btree ("customer_id","received_at");
--> statement-breakpoint
CREATE INDEX "credit_lots_customer_id" ON "credit_lots" USING btree ("customer_id","created_at");
--> statement-breakpoint
ALTER TABLE "payments" DROP COLUMN "disputed";
--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_disputed_not_negative" CHECK ("payments"."disputed_minor" >= 0);
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD CONSTRAINT "credit_accounts_held_not_negative" CHECK ("credit_accounts"."held" >= 0);
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD CONSTRAINT "credit_accounts_debt_not_negative" CHECK ("credit_accounts"."debt" >= 0);
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_kind_known" CHECK ("credit_lots"."kind" in ('plan', 'promotional', 'purchased'));
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_held_range" CHECK ("credit_lots"."held" between 0 and "credit_lots"."remaining");
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_parts" CHECK ("credit_lots"."expired" >= 0 and "credit_lots"."reversed" >= 0
        and "credit_lots"."remaining" + "credit_lots"."expired" + "credit_lots"."reversed" <= "credit_lots"."granted");
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_source_known" CHECK ("credit_lots"."source" in ('checkout_session', 'invoice_line', 'invoice_proration', 'plan_month', 'top_up', 'admin', 'import'));
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_moves_something" CHECK ("credit_transactions"."amount" <> 0 or "credit_transactions"."debt_change" <> 0 or "credit_transactions"."transaction_type" in ('spend', 'capture'));
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_type_known" CHECK (transaction_type in ('purchase', 'subscription_grant', 'trial_grant', 'plan_change', 'admin_grant', 'adjustment', 'import', 'spend', 'capture', 'clawback', 'restore', 'expiry', 'debt_repayment'));
--> statement-breakpoint
ALTER TABLE "pricing_history" ADD CONSTRAINT "pricing_history_item_type_known" CHECK ("pricing_history"."item_type" in ('plan', 'package', 'operation'));
--> statement-breakpoint
ALTER TABLE "subscription_plans" ADD CONSTRAINT "subscription_plans_trial_credits_range" CHECK ("subscription_plans"."trial_credits" between 0 and 1000000000000);
