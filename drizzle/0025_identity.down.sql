DROP TABLE "api_keys" CASCADE;
--> statement-breakpoint
DROP TABLE "auth_events" CASCADE;
--> statement-breakpoint
DROP TABLE "auth_tokens" CASCADE;
--> statement-breakpoint
DROP TABLE "external_identities" CASCADE;
--> statement-breakpoint
DROP TABLE "rate_limits" CASCADE;
--> statement-breakpoint
DROP TABLE "recovery_codes" CASCADE;
--> statement-breakpoint
DROP TABLE "refresh_tokens" CASCADE;
--> statement-breakpoint
DROP TABLE "sessions" CASCADE;
--> statement-breakpoint
DROP TABLE "totp_factors" CASCADE;
--> statement-breakpoint
DROP TABLE "users" CASCADE;
