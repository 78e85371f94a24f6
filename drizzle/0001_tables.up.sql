CREATE TABLE "customers" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"issuer" text NOT NULL,
	"subject" text NOT NULL,
	"email" text,
	"name" text,
	"stripe_customer_id" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "customers_stripe_customer_id_unique" UNIQUE("stripe_customer_id"),
	CONSTRAINT "customers_issuer_subject_unique" UNIQUE("issuer","subject")
);
--> statement-breakpoint
CREATE TABLE "catalogue_versions" (
	"document" text PRIMARY KEY NOT NULL,
	"version" bigint DEFAULT 1 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "credit_packages" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"sort_order" integer DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"package_key" text NOT NULL,
	"description" text,
	"badge" text,
	"stripe_product_id" text,
	"stripe_synced_version" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credit_packages_package_key_unique" UNIQUE("package_key"),
	CONSTRAINT "credit_packages_stripe_product_id_unique" UNIQUE("stripe_product_id"),
	CONSTRAINT "credit_packages_package_key_format" CHECK ("credit_packages"."package_key" ~ '^[a-z0-9][a-z0-9_]{0,62}$')
);
--> statement-breakpoint
CREATE TABLE "prices" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"plan_id" uuid,
	"package_id" uuid,
	"currency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"credits" bigint NOT NULL,
	"interval" text,
	"stripe_price_id" text,
	"stripe_state" text DEFAULT 'none' NOT NULL,
	"valid_from" timestamp with time zone DEFAULT now() NOT NULL,
	"valid_to" timestamp with time zone,
	"created_by" text NOT NULL,
	"reason" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "prices_stripe_price_id_unique" UNIQUE("stripe_price_id"),
	CONSTRAINT "prices_one_item" CHECK (num_nonnulls("prices"."plan_id", "prices"."package_id") = 1),
	CONSTRAINT "prices_currency_iso_4217" CHECK ("prices"."currency" ~ '^[A-Z]{3}$'),
	CONSTRAINT "prices_amount_minor_range" CHECK ("prices"."amount_minor" between 0 and 99999999),
	CONSTRAINT "prices_credits_range" CHECK ("prices"."credits" between 0 and 1000000000000),
	CONSTRAINT "prices_interval_of_plans" CHECK (("prices"."plan_id" is null) = ("prices"."interval" is null)),
	CONSTRAINT "prices_interval_known" CHECK ("prices"."interval" in ('month', 'year')),
	CONSTRAINT "prices_valid_order" CHECK ("prices"."valid_to" >= "prices"."valid_from"),
	CONSTRAINT "prices_stripe_state_known" CHECK ("prices"."stripe_state" in ('none', 'scheduled', 'on_sale', 'archived'))
);
--> statement-breakpoint
CREATE TABLE "pricing_history" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "pricing_history_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"item_type" text NOT NULL,
	"item_key" text NOT NULL,
	"field_changed" text NOT NULL,
	"old_value" jsonb,
	"new_value" jsonb,
	"effective_from" timestamp with time zone NOT NULL,
	"changed_by" text NOT NULL,
	"reason" text,
	"request_id" text,
	"operation_id" uuid,
	"changed_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "pricing_history_item_type_known" CHECK ("pricing_history"."item_type" in ('plan', 'package'))
);
--> statement-breakpoint
CREATE TABLE "subscription_plans" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"name" text NOT NULL,
	"is_active" boolean DEFAULT true NOT NULL,
	"sort_order" integer DEFAULT 0 NOT NULL,
	"version" integer DEFAULT 1 NOT NULL,
	"plan_key" text NOT NULL,
	"interval" text NOT NULL,
	"rollover_cap" bigint,
	"features" jsonb DEFAULT '[]'::jsonb NOT NULL,
	"stripe_product_id" text,
	"stripe_synced_version" integer DEFAULT 0 NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "subscription_plans_plan_key_unique" UNIQUE("plan_key"),
	CONSTRAINT "subscription_plans_stripe_product_id_unique" UNIQUE("stripe_product_id"),
	CONSTRAINT "subscription_plans_plan_key_format" CHECK ("subscription_plans"."plan_key" ~ '^[a-z0-9][a-z0-9_]{0,62}$'),
	CONSTRAINT "subscription_plans_interval_known" CHECK ("subscription_plans"."interval" in ('month', 'year')),
	CONSTRAINT "subscription_plans_rollover_cap_not_negative" CHECK ("subscription_plans"."rollover_cap" >= 0),
	CONSTRAINT "subscription_plans_features_list" CHECK (jsonb_typeof("subscription_plans"."features") = 'array')
);
--> statement-breakpoint
CREATE TABLE "credit_accounts" (
	"customer_id" uuid PRIMARY KEY NOT NULL,
	"balance" bigint DEFAULT 0 NOT NULL,
	"last_sequence" bigint DEFAULT 0 NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "credit_costs" (
	"operation_type" text PRIMARY KEY NOT NULL,
	"credits" bigint NOT NULL,
	"updated_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credit_costs_operation_type_format" CHECK ("credit_costs"."operation_type" ~ '^[a-z0-9][a-z0-9_]{0,62}$'),
	CONSTRAINT "credit_costs_credits_range" CHECK ("credit_costs"."credits" between 0 and 1000000000)
);
--> statement-breakpoint
CREATE TABLE "credit_lots" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"customer_id" uuid NOT NULL,
	"source" text NOT NULL,
	"source_ref" text NOT NULL,
	"offer_id" uuid,
	"granted" bigint NOT NULL,
	"remaining" bigint NOT NULL,
	"expires_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credit_lots_source_unique" UNIQUE("source","source_ref"),
	CONSTRAINT "credit_lots_source_known" CHECK ("credit_lots"."source" in ('checkout_session', 'invoice_line', 'import')),
	CONSTRAINT "credit_lots_granted_positive" CHECK ("credit_lots"."granted" > 0),
	CONSTRAINT "credit_lots_remaining_range" CHECK ("credit_lots"."remaining" between 0 and "credit_lots"."granted")
);
--> statement-breakpoint
CREATE TABLE "credit_transactions" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"customer_id" uuid NOT NULL,
	"sequence" bigint NOT NULL,
	"transaction_type" text NOT NULL,
	"amount" bigint NOT NULL,
	"balance_after" bigint NOT NULL,
	"operation_type" text,
	"operation_details" jsonb,
	"description" text NOT NULL,
	"source_ref" text NOT NULL,
	"idempotency_key" text,
	"event_id" text,
	"actor" text NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "credit_transactions_sequence_unique" UNIQUE("customer_id","sequence"),
	CONSTRAINT "credit_transactions_source_unique" UNIQUE("transaction_type","source_ref"),
	CONSTRAINT "credit_transactions_idempotency_key_unique" UNIQUE("customer_id","idempotency_key"),
	CONSTRAINT "credit_transactions_amount_not_zero" CHECK ("credit_transactions"."amount" <> 0),
	CONSTRAINT "credit_transactions_type_known" CHECK ("credit_transactions"."transaction_type" in ('purchase', 'subscription_grant', 'import'))
);
--> statement-breakpoint
CREATE TABLE "checkouts" (
	"id" uuid PRIMARY KEY NOT NULL,
	"customer_id" uuid NOT NULL,
	"offer_id" uuid NOT NULL,
	"mode" text NOT NULL,
	"status" text DEFAULT 'opening' NOT NULL,
	"stripe_session_id" text,
	"stripe_subscription_id" text,
	"expires_at" timestamp with time zone,
	"completed_at" timestamp with time zone,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "checkouts_stripe_session_id_unique" UNIQUE("stripe_session_id"),
	CONSTRAINT "checkouts_mode_known" CHECK ("checkouts"."mode" in ('payment', 'subscription')),
	CONSTRAINT "checkouts_status_known" CHECK ("checkouts"."status" in ('opening', 'open', 'processing', 'paid', 'failed', 'expired'))
);
--> statement-breakpoint
CREATE TABLE "payments" (
	"id" uuid PRIMARY KEY DEFAULT gen_random_uuid() NOT NULL,
	"customer_id" uuid NOT NULL,
	"offer_id" uuid NOT NULL,
	"stripe_payment_intent_id" text,
	"stripe_invoice_id" text,
	"stripe_subscription_id" text,
	"currency" text NOT NULL,
	"amount_minor" bigint NOT NULL,
	"refunded_minor" bigint DEFAULT 0 NOT NULL,
	"disputed" boolean DEFAULT false NOT NULL,
	"period_start" timestamp with time zone,
	"period_end" timestamp with time zone,
	"paid_at" timestamp with time zone NOT NULL,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "payments_stripe_payment_intent_id_unique" UNIQUE("stripe_payment_intent_id"),
	CONSTRAINT "payments_stripe_invoice_id_unique" UNIQUE("stripe_invoice_id"),
	CONSTRAINT "payments_known_at_stripe" CHECK (num_nonnulls("payments"."stripe_payment_intent_id", "payments"."stripe_invoice_id") > 0),
	CONSTRAINT "payments_refunded_range" CHECK ("payments"."refunded_minor" between 0 and "payments"."amount_minor")
);
--> statement-breakpoint
CREATE TABLE "webhook_events" (
	"event_id" text PRIMARY KEY NOT NULL,
	"event_type" text NOT NULL,
	"api_version" text,
	"livemode" boolean NOT NULL,
	"stripe_created" timestamp with time zone NOT NULL,
	"payload" text NOT NULL,
	"status" text DEFAULT 'pending' NOT NULL,
	"ignored_reason" text,
	"attempts" integer DEFAULT 0 NOT NULL,
	"next_attempt_at" timestamp with time zone DEFAULT now() NOT NULL,
	"lease_until" timestamp with time zone,
	"last_error" text,
	"customer_id" uuid,
	"received_at" timestamp with time zone DEFAULT now() NOT NULL,
	"processed_at" timestamp with time zone,
	CONSTRAINT "webhook_events_status_known" CHECK ("webhook_events"."status" in ('pending', 'processing', 'processed', 'ignored', 'failed', 'dead'))
);
--> statement-breakpoint
CREATE TABLE "idempotency_keys" (
	"principal" text NOT NULL,
	"key" text NOT NULL,
	"request_hash" text NOT NULL,
	"lease_until" timestamp with time zone NOT NULL,
	"response_status" integer,
	"response_body" text,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL,
	CONSTRAINT "idempotency_keys_pk" PRIMARY KEY("principal","key"),
	CONSTRAINT "idempotency_keys_answer_whole" CHECK (("idempotency_keys"."response_status" is null) = ("idempotency_keys"."response_body" is null))
);
--> statement-breakpoint
ALTER TABLE "prices" ADD CONSTRAINT "prices_plan_id_fk" FOREIGN KEY ("plan_id") REFERENCES "public"."subscription_plans"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "prices" ADD CONSTRAINT "prices_package_id_fk" FOREIGN KEY ("package_id") REFERENCES "public"."credit_packages"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_accounts" ADD CONSTRAINT "credit_accounts_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."credit_accounts"("customer_id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_offer_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "credit_transactions" ADD CONSTRAINT "credit_transactions_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."credit_accounts"("customer_id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "checkouts" ADD CONSTRAINT "checkouts_offer_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_offer_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "webhook_events" ADD CONSTRAINT "webhook_events_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "prices_plan_id_valid_from" ON "prices" USING btree ("plan_id","valid_from");
--> statement-breakpoint
CREATE INDEX "prices_package_id_valid_from" ON "prices" USING btree ("package_id","valid_from");
--> statement-breakpoint
CREATE INDEX "pricing_history_item" ON "pricing_history" USING btree ("item_type","item_key","id");
--> statement-breakpoint
CREATE INDEX "pricing_history_changed_at" ON "pricing_history" USING btree ("changed_at");
--> statement-breakpoint
CREATE INDEX "pricing_history_operation_id" ON "pricing_history" USING btree ("operation_id");
--> statement-breakpoint
CREATE INDEX "credit_lots_customer_id" ON "credit_lots" USING btree ("customer_id");
--> statement-breakpoint
CREATE INDEX "checkouts_customer_id_created_at" ON "checkouts" USING btree ("customer_id","created_at");
--> statement-breakpoint
CREATE INDEX "payments_customer_id_paid_at" ON "payments" USING btree ("customer_id","paid_at");
--> statement-breakpoint
CREATE INDEX "webhook_events_due" ON "webhook_events" USING btree ("next_attempt_at") WHERE "webhook_events"."status" in ('pending', 'failed', 'processing');
--> statement-breakpoint
CREATE INDEX "idempotency_keys_created_at" ON "idempotency_keys" USING btree ("created_at");
--> statement-breakpoint
CREATE INDEX "checkouts_stripe_subscription_id" ON "checkouts" USING btree ("stripe_subscription_id");
--> statement-breakpoint
CREATE INDEX "payments_stripe_subscription_id" ON "payments" USING btree ("stripe_subscription_id");
