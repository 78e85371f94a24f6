DROP FUNCTION invite_user(text, text, text, text, jsonb, jsonb);
--> statement-breakpoint
DROP FUNCTION change_user(uuid, text, text, text, jsonb, jsonb);
--> statement-breakpoint
DROP FUNCTION require_admin(jsonb);
--> statement-breakpoint
DROP INDEX "auth_events_user_type";
--> statement-breakpoint
DROP INDEX "users_not_active";
--> statement-breakpoint
DROP INDEX "users_locked";
