CREATE INDEX "checkouts_of_plans" ON "checkouts" USING btree ("customer_id") WHERE "checkouts"."mode" = 'subscription';
--> statement-breakpoint
CREATE INDEX "checkouts_open" ON "checkouts" USING btree ("customer_id") WHERE "checkouts"."status" in ('opening', 'open');
--> statement-breakpoint
CREATE INDEX "payments_of_plans" ON "payments" USING btree ("customer_id","period_end") WHERE "payments"."stripe_subscription_id" is not null;
