CREATE TABLE "subscription_operations" (
	"subscription_id" uuid PRIMARY KEY NOT NULL,
	"operation_id" uuid NOT NULL,
	"lease_until" timestamp with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "subscription_operations" ADD CONSTRAINT "subscription_operations_subscription_id_fk" FOREIGN KEY ("subscription_id") REFERENCES "public"."subscriptions"("id") ON DELETE no action ON UPDATE no action;
