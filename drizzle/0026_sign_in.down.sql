DROP FUNCTION revoke_sessions(uuid, uuid, text);
--> statement-breakpoint
DROP FUNCTION end_confirmation(uuid, uuid, boolean, bigint, text, jsonb);
--> statement-breakpoint
DROP FUNCTION begin_confirmation(uuid);
--> statement-breakpoint
DROP FUNCTION find_cookie_session(text);
--> statement-breakpoint
DROP FUNCTION require_freshness(uuid);
--> statement-breakpoint
DROP FUNCTION require_session(uuid, uuid);
--> statement-breakpoint
DROP FUNCTION rotate_refresh_token(text, text, text, jsonb);
--> statement-breakpoint
DROP FUNCTION touch_session(sessions);
--> statement-breakpoint
DROP FUNCTION is_session_open(sessions, users);
--> statement-breakpoint
DROP FUNCTION end_second_factor(text, bigint, text, jsonb, jsonb);
--> statement-breakpoint
DROP FUNCTION take_code(uuid, bigint, text);
--> statement-breakpoint
DROP FUNCTION try_second_factor(text);
--> statement-breakpoint
DROP FUNCTION end_sign_in(uuid, boolean, text, jsonb, text, jsonb);
--> statement-breakpoint
DROP FUNCTION begin_sign_in(text, text, text);
--> statement-breakpoint
DROP FUNCTION open_session(uuid, jsonb, jsonb, jsonb);
--> statement-breakpoint
DROP FUNCTION has_second_factor(uuid);
--> statement-breakpoint
DROP FUNCTION count_failed_proof(uuid);
--> statement-breakpoint
DROP FUNCTION count_attempt(text, integer, integer);
--> statement-breakpoint
DROP FUNCTION record_auth_event(uuid, text, text, text, uuid, jsonb, jsonb);
--> statement-breakpoint
DROP TRIGGER kept_for_a_year ON auth_events;
--> statement-breakpoint
DROP TRIGGER append_only ON auth_events;
