ALTER TABLE "payments" DROP CONSTRAINT "payments_stripe_payment_intent_id_unique";
--> statement-breakpoint
ALTER TABLE "customers" DROP CONSTRAINT "customers_stripe_customer_id_unique";
--> statement-breakpoint
CREATE UNIQUE INDEX "payments_stripe_payment_intent_id_unique" ON "payments" USING btree ("stripe_payment_intent_id") WHERE "payments"."stripe_payment_intent_id" is not null;
--> statement-breakpoint
CREATE UNIQUE INDEX "customers_stripe_customer_id_unique" ON "customers" USING btree ("stripe_customer_id") WHERE "customers"."stripe_customer_id" is not null;
