DROP FUNCTION revoke_api_key;
--> statement-breakpoint
DROP FUNCTION rotate_api_key;
--> statement-breakpoint
DROP FUNCTION create_api_key;
--> statement-breakpoint
DROP FUNCTION own_customer;
--> statement-breakpoint
DROP FUNCTION record_key_event;
--> statement-breakpoint
DROP FUNCTION key_state;
--> statement-breakpoint
DROP FUNCTION is_key_of;
--> statement-breakpoint
ALTER TABLE "api_keys" DROP COLUMN "family";
