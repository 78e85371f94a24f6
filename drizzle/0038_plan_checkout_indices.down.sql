DROP INDEX "checkouts_of_plans";
--> statement-breakpoint
DROP INDEX "checkouts_open";
--> statement-breakpoint
DROP INDEX "payments_of_plans";
