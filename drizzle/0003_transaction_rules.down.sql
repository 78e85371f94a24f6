DROP FUNCTION grant_credits(uuid, bigint, text, text, text, uuid, timestamptz, text, text, text);
--> statement-breakpoint
DROP TRIGGER append_only ON credit_transactions;
--> statement-breakpoint
DROP FUNCTION complete_webhook_event(text, integer, uuid);
--> statement-breakpoint
DROP FUNCTION claim_idempotency_key(text, text, text, integer);
