CREATE INDEX "credit_holds_active_of_customer" ON "credit_holds" USING btree ("customer_id") WHERE "credit_holds"."status" = 'active';
--> statement-breakpoint
CREATE INDEX "credit_lots_plan" ON "credit_lots" USING btree ("customer_id","period_end") WHERE kind = 'plan';
--> statement-breakpoint
CREATE INDEX "credit_transactions_created_at" ON "credit_transactions" USING btree ("customer_id","created_at");
--> statement-breakpoint
CREATE INDEX "credit_transactions_not_used" ON "credit_transactions" USING btree ("customer_id","sequence") WHERE transaction_type not in ('spend', 'capture');
