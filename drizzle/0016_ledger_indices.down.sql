DROP INDEX "credit_holds_active_of_customer";
--> statement-breakpoint
DROP INDEX "credit_lots_plan";
--> statement-breakpoint
DROP INDEX "credit_transactions_created_at";
--> statement-breakpoint
DROP INDEX "credit_transactions_not_used";
