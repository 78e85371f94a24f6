DROP FUNCTION operational_state();
--> statement-breakpoint
DROP FUNCTION beat_heart(text, double precision);
--> statement-breakpoint
DROP FUNCTION evaluate_alerts(integer);
--> statement-breakpoint
DROP FUNCTION alert_conditions(integer);
--> statement-breakpoint
DROP FUNCTION alert_endpoint_disabled();
--> statement-breakpoint
DROP FUNCTION alert_reconcile_differences();
--> statement-breakpoint
DROP FUNCTION alert_signature_failures();
--> statement-breakpoint
DROP FUNCTION alert_gap();
--> statement-breakpoint
DROP FUNCTION alert_backlog_age();
--> statement-breakpoint
DROP FUNCTION oldest_due_since();
--> statement-breakpoint
DROP FUNCTION alert_dead_events();
--> statement-breakpoint
DROP FUNCTION alert_consecutive_failures(integer);
--> statement-breakpoint
DROP FUNCTION describe_streak(text);
--> statement-breakpoint
DROP FUNCTION failure_streak(text);
--> statement-breakpoint
DROP FUNCTION alert_open_since(text, text);
--> statement-breakpoint
DROP INDEX "reconciliations_finished_at";
--> statement-breakpoint
DROP INDEX "alerts_kind";
--> statement-breakpoint
DROP INDEX "alerts_unacknowledged";
