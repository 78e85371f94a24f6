CREATE INDEX "checkouts_stripe_subscription_id" ON "checkouts" USING btree ("stripe_subscription_id");
--> statement-breakpoint
CREATE INDEX "payments_stripe_subscription_id" ON "payments" USING btree ("stripe_subscription_id");
