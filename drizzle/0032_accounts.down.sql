DROP FUNCTION forget_proofs(integer);
--> statement-breakpoint
DROP FUNCTION end_email_change(text, jsonb);
--> statement-breakpoint
DROP FUNCTION begin_email_change(uuid, uuid, text, text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION change_password(uuid, uuid, text, text, bigint, text, jsonb);
--> statement-breakpoint
DROP FUNCTION accept_invitation(text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION reset_password(text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION verify_email(text, jsonb);
--> statement-breakpoint
DROP FUNCTION record_used_link(uuid, text, jsonb);
--> statement-breakpoint
DROP FUNCTION take_link(text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION begin_link(text, text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION record_refused_link(text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION event_of_link(text);
--> statement-breakpoint
DROP FUNCTION forgot_password(text, text, text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION sign_up(text, text, text, text, boolean, jsonb);
--> statement-breakpoint
DROP FUNCTION record_request(users, text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION count_mail(text, text, text);
--> statement-breakpoint
ALTER TABLE "auth_tokens" DROP COLUMN "name";
