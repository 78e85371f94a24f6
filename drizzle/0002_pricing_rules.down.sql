DROP FUNCTION publish_offer(uuid, uuid, uuid, text, bigint, bigint, text, timestamptz, timestamptz, text, text);
--> statement-breakpoint
DROP FUNCTION expect_item_version(text, text, integer);
--> statement-breakpoint
DROP TRIGGER history_of_end ON prices;
--> statement-breakpoint
DROP TRIGGER history ON prices;
--> statement-breakpoint
DROP TRIGGER immutable ON prices;
--> statement-breakpoint
DROP TRIGGER no_delete ON prices;
--> statement-breakpoint
DROP TRIGGER catalogue_version ON prices;
--> statement-breakpoint
DROP TRIGGER catalogue_version ON credit_costs;
--> statement-breakpoint
DROP TRIGGER item_version ON credit_packages;
--> statement-breakpoint
DROP TRIGGER history ON credit_packages;
--> statement-breakpoint
DROP TRIGGER no_truncate ON credit_packages;
--> statement-breakpoint
DROP TRIGGER catalogue_version ON credit_packages;
--> statement-breakpoint
DROP TRIGGER item_version ON subscription_plans;
--> statement-breakpoint
DROP TRIGGER history ON subscription_plans;
--> statement-breakpoint
DROP TRIGGER no_truncate ON subscription_plans;
--> statement-breakpoint
DROP TRIGGER catalogue_version ON subscription_plans;
--> statement-breakpoint
DROP TRIGGER append_only ON pricing_history;
--> statement-breakpoint
DROP FUNCTION record_offer_end();
--> statement-breakpoint
DROP FUNCTION record_offer();
--> statement-breakpoint
DROP FUNCTION count_up_version_of(prices);
--> statement-breakpoint
DROP FUNCTION offer_item(prices);
--> statement-breakpoint
DROP FUNCTION keep_offer_immutable();
--> statement-breakpoint
DROP FUNCTION count_up_item_version();
--> statement-breakpoint
DROP FUNCTION record_item_changes();
--> statement-breakpoint
DROP FUNCTION record_pricing_change(text, text, text, jsonb, jsonb, timestamptz);
--> statement-breakpoint
DROP FUNCTION refuse_change();
--> statement-breakpoint
DROP FUNCTION count_up_catalogue_version();
--> statement-breakpoint
DELETE FROM catalogue_versions;
--> statement-breakpoint
ALTER TABLE prices DROP CONSTRAINT prices_one_offer_at_a_time;
--> statement-breakpoint
DROP EXTENSION btree_gist;
