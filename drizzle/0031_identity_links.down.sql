DROP FUNCTION link_identity;
--> statement-breakpoint
DROP FUNCTION unlink_identity;
--> statement-breakpoint
DROP FUNCTION record_identity_change;
--> statement-breakpoint
DROP FUNCTION is_customer_used;
--> statement-breakpoint
DROP FUNCTION find_identity;
--> statement-breakpoint
DROP FUNCTION customer_named;
