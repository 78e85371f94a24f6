DROP FUNCTION end_delivery(uuid, integer, integer, text, integer, integer[], integer);
--> statement-breakpoint
DROP FUNCTION note_endpoint_failure(uuid, boolean, integer);
--> statement-breakpoint
DROP FUNCTION claim_delivery(uuid, integer, integer, integer, integer);
--> statement-breakpoint
DROP FUNCTION is_endpoint_busy(uuid, integer);
--> statement-breakpoint
DROP FUNCTION dispatch_deliveries(integer);
--> statement-breakpoint
DROP INDEX "event_deliveries_due";
--> statement-breakpoint
CREATE INDEX "event_deliveries_due" ON "event_deliveries" USING btree ("next_attempt_at") WHERE "event_deliveries"."status" in ('pending', 'delivering');
