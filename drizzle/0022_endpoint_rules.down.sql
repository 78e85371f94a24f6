DROP FUNCTION replay_events(uuid, timestamptz, timestamptz, jsonb, text, timestamptz, text, integer, boolean);
--> statement-breakpoint
DROP FUNCTION replay_delivery(uuid, uuid);
--> statement-breakpoint
DROP FUNCTION test_endpoint(uuid, timestamptz);
--> statement-breakpoint
DROP FUNCTION rotate_endpoint_secret(uuid, text, integer);
--> statement-breakpoint
DROP FUNCTION delete_endpoint(uuid, jsonb);
--> statement-breakpoint
DROP FUNCTION change_endpoint(uuid, jsonb, jsonb);
--> statement-breakpoint
DROP FUNCTION cancel_waiting_deliveries(uuid);
--> statement-breakpoint
DROP FUNCTION create_endpoint(uuid, text, text, jsonb, text, text, integer);
--> statement-breakpoint
DROP TRIGGER note ON event_endpoints;
--> statement-breakpoint
DROP FUNCTION note_endpoint();
--> statement-breakpoint
DROP FUNCTION host_of_url(text);
--> statement-breakpoint
DROP TRIGGER count_version ON event_endpoints;
--> statement-breakpoint
DROP FUNCTION count_endpoint_version();
--> statement-breakpoint
DROP FUNCTION done_endpoint_change();
--> statement-breakpoint
DROP FUNCTION note_endpoint_change(uuid, text, jsonb, text);
--> statement-breakpoint
DROP TRIGGER append_only ON endpoint_changes;
