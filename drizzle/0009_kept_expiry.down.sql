ALTER TABLE "credit_holds" DROP CONSTRAINT "credit_holds_amount_not_negative";
--> statement-breakpoint
ALTER TABLE "credit_transaction_lots" DROP COLUMN "expires_at";
--> statement-breakpoint
ALTER TABLE "credit_holds" ADD CONSTRAINT "credit_holds_amount_positive" CHECK ("credit_holds"."amount" > 0);
