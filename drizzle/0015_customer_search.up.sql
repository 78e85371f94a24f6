DROP INDEX "customers_email";
--> statement-breakpoint
CREATE INDEX "customers_created_at" ON "customers" USING btree ("created_at","id");
--> statement-breakpoint
CREATE INDEX "webhook_events_dead" ON "webhook_events" USING btree ("received_at") WHERE "webhook_events"."status" = 'dead';
--> statement-breakpoint
CREATE INDEX "customers_email" ON "customers" USING btree (lower("email") text_pattern_ops);
