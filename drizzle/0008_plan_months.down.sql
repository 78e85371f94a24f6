DROP FUNCTION grant_plan_months(uuid, timestamptz);
--> statement-breakpoint
DROP FUNCTION plan_month_parts(grant_schedules, timestamptz, bigint);
--> statement-breakpoint
DROP FUNCTION newest_plan_lot(text);
--> statement-breakpoint
DROP FUNCTION change_plan_months(text, uuid, text, uuid, jsonb, timestamptz, text, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION refresh_plan_credits(text);
--> statement-breakpoint
DROP FUNCTION schedule_plan_grants(text, uuid, text, uuid, uuid, integer, timestamptz, timestamptz, timestamptz);
--> statement-breakpoint
DROP FUNCTION next_plan_month_at(grant_schedules);
--> statement-breakpoint
DROP FUNCTION plan_month(grant_schedules, timestamptz);
