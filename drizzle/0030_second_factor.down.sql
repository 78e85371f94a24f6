DROP FUNCTION renew_recovery_codes(uuid, uuid, jsonb, jsonb);
--> statement-breakpoint
DROP FUNCTION remove_second_factor(uuid, uuid, jsonb);
--> statement-breakpoint
DROP FUNCTION end_enrolment(uuid, uuid, text, bigint, jsonb, jsonb);
--> statement-breakpoint
DROP FUNCTION leave_old_factor(uuid, uuid, text);
--> statement-breakpoint
DROP FUNCTION replace_recovery_codes(uuid, jsonb);
--> statement-breakpoint
DROP FUNCTION try_enrolment(uuid);
--> statement-breakpoint
DROP FUNCTION begin_enrolment(uuid, text);
