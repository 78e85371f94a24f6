DROP FUNCTION balance_state(uuid, timestamptz);
--> statement-breakpoint
DROP FUNCTION next_grants_of(uuid);
--> statement-breakpoint
DROP FUNCTION active_holds_of(uuid);
--> statement-breakpoint
DROP FUNCTION open_lots_of(uuid);
