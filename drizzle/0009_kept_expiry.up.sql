ALTER TABLE "credit_holds" DROP CONSTRAINT "credit_holds_amount_positive";
--> statement-breakpoint
ALTER TABLE "credit_transaction_lots" ADD COLUMN "expires_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "credit_holds" ADD CONSTRAINT "credit_holds_amount_not_negative" CHECK ("credit_holds"."amount" >= 0);
