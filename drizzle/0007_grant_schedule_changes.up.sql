CREATE TABLE "grant_schedule_changes" (
	"source_ref" text PRIMARY KEY NOT NULL,
	"customer_id" uuid NOT NULL,
	"stripe_subscription_id" text NOT NULL,
	"period_end" timestamp with time zone NOT NULL,
	"since" timestamp with time zone NOT NULL,
	"credits" bigint NOT NULL,
	"offer_id" uuid,
	"payment_id" uuid,
	"created_at" timestamp with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
ALTER TABLE "grant_schedule_changes" ADD CONSTRAINT "grant_schedule_changes_customer_id_fk" FOREIGN KEY ("customer_id") REFERENCES "public"."customers"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "grant_schedule_changes" ADD CONSTRAINT "grant_schedule_changes_offer_id_fk" FOREIGN KEY ("offer_id") REFERENCES "public"."prices"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
ALTER TABLE "grant_schedule_changes" ADD CONSTRAINT "grant_schedule_changes_payment_id_fk" FOREIGN KEY ("payment_id") REFERENCES "public"."payments"("id") ON DELETE no action ON UPDATE no action;
--> statement-breakpoint
CREATE INDEX "grant_schedule_changes_period" ON "grant_schedule_changes" USING btree ("stripe_subscription_id","period_end");
