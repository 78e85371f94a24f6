DROP INDEX "checkouts_stripe_subscription_id";
--> statement-breakpoint
DROP INDEX "payments_stripe_subscription_id";
