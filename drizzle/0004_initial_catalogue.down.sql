-- Takes the whole catalogue back. Refused by foreign keys once anything of it was sold.

DELETE FROM credit_costs;
--> statement-breakpoint
ALTER TABLE prices DISABLE TRIGGER no_delete;
--> statement-breakpoint
DELETE FROM prices;
--> statement-breakpoint
ALTER TABLE prices ENABLE TRIGGER no_delete;
--> statement-breakpoint
DELETE FROM subscription_plans;
--> statement-breakpoint
DELETE FROM credit_packages;
--> statement-breakpoint
ALTER TABLE pricing_history DISABLE TRIGGER append_only;
--> statement-breakpoint
DELETE FROM pricing_history;
--> statement-breakpoint
ALTER TABLE pricing_history ENABLE TRIGGER append_only;
