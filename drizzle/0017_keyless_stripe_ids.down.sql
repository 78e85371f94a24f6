DROP INDEX "payments_stripe_payment_intent_id_unique";
--> statement-breakpoint
DROP INDEX "customers_stripe_customer_id_unique";
--> statement-breakpoint
ALTER TABLE "payments" ADD CONSTRAINT "payments_stripe_payment_intent_id_unique" UNIQUE("stripe_payment_intent_id");
--> statement-breakpoint
ALTER TABLE "customers" ADD CONSTRAINT "customers_stripe_customer_id_unique" UNIQUE("stripe_customer_id");
