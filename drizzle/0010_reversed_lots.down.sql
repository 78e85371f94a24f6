ALTER TABLE "credit_lots" DROP CONSTRAINT "credit_lots_parts";
--> statement-breakpoint
ALTER TABLE "credit_lots" ADD CONSTRAINT "credit_lots_parts" CHECK ("credit_lots"."expired" >= 0 and "credit_lots"."reversed" >= 0
        and "credit_lots"."remaining" + "credit_lots"."expired" + "credit_lots"."reversed" <= "credit_lots"."granted");
