ALTER TABLE "credit_holds" ADD COLUMN "settled_by" uuid;
