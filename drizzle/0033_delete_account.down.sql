DROP FUNCTION delete_account(uuid, uuid, text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION close_customer(text, text, jsonb, timestamptz);
--> statement-breakpoint
DROP FUNCTION require_open_customer(uuid);
--> statement-breakpoint
DROP TRIGGER closed_stay_nameless ON customers;
--> statement-breakpoint
DROP FUNCTION keep_nameless();
--> statement-breakpoint
ALTER TABLE "customers" DROP COLUMN "closed_at";
