DROP TABLE "customers" CASCADE;
--> statement-breakpoint
DROP TABLE "catalogue_versions" CASCADE;
--> statement-breakpoint
DROP TABLE "credit_packages" CASCADE;
--> statement-breakpoint
DROP TABLE "prices" CASCADE;
--> statement-breakpoint
DROP TABLE "pricing_history" CASCADE;
--> statement-breakpoint
DROP TABLE "subscription_plans" CASCADE;
--> statement-breakpoint
DROP TABLE "credit_accounts" CASCADE;
--> statement-breakpoint
DROP TABLE "credit_costs" CASCADE;
--> statement-breakpoint
DROP TABLE "credit_lots" CASCADE;
--> statement-breakpoint
DROP TABLE "credit_transactions" CASCADE;
--> statement-breakpoint
DROP TABLE "checkouts" CASCADE;
--> statement-breakpoint
DROP TABLE "payments" CASCADE;
--> statement-breakpoint
DROP TABLE "webhook_events" CASCADE;
--> statement-breakpoint
DROP TABLE "idempotency_keys" CASCADE;
