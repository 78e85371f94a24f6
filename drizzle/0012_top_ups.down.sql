DROP FUNCTION settle_top_up(uuid, text, text, text, text, timestamptz, timestamptz);
--> statement-breakpoint
DROP FUNCTION start_top_up(uuid, integer, timestamptz);
--> statement-breakpoint
DROP FUNCTION top_up_money(uuid, text, timestamptz);
--> statement-breakpoint
DROP FUNCTION configure_top_up(uuid, boolean, bigint, uuid, uuid, bigint, timestamptz);
--> statement-breakpoint
DROP TRIGGER top_up_due ON credit_accounts;
--> statement-breakpoint
DROP FUNCTION note_top_up_due();
--> statement-breakpoint
ALTER TABLE "auto_top_ups" DROP CONSTRAINT "auto_top_ups_offer_id_fk";
--> statement-breakpoint
DROP INDEX "auto_top_ups_due";
--> statement-breakpoint
DROP INDEX "top_ups_lease_until";
--> statement-breakpoint
ALTER TABLE "auto_top_ups" DROP COLUMN "offer_id";
--> statement-breakpoint
ALTER TABLE "auto_top_ups" DROP COLUMN "due_since";
