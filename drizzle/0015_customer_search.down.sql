DROP INDEX "customers_created_at";
--> statement-breakpoint
DROP INDEX "webhook_events_dead";
--> statement-breakpoint
DROP INDEX "customers_email";
--> statement-breakpoint
CREATE INDEX "customers_email" ON "customers" USING btree (lower("email"));
