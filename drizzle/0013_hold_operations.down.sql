ALTER TABLE "credit_holds" DROP COLUMN "settled_by";
