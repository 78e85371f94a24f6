DROP FUNCTION close_subscription_checkouts(uuid, uuid[], uuid[], timestamptz);
--> statement-breakpoint
DROP FUNCTION keep_subscription_session(uuid, text, timestamptz, uuid[], timestamptz);
--> statement-breakpoint
DROP FUNCTION present_subscription(uuid, timestamptz);
