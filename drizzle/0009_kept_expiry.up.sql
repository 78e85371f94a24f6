ALTER TABLE "credit_holds" DROP CONSTRAINT "credit_holds_amount_positive";
--> statement-breakpoint
ALTER TABLE "credit_transaction_lots" ADD COLUMN "expires_at" timestamp with time zone;
--> statement-breakpoint
ALTER TABLE "credit_holds" ADD CONSTRAINT "credit_holds_amount_not_negative" CHECK ("credit_holds"."amount" >= 0);
--> statement-breakpoint
-- Each movement of a lot keeps when the lot was to expire then.
CREATE FUNCTION keep_lot_expiry() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.expires_at := (SELECT expires_at FROM credit_lots WHERE id = new.lot_id);
  RETURN new;
END $$;
--> statement-breakpoint
CREATE TRIGGER lot_expiry BEFORE INSERT ON credit_transaction_lots
  FOR EACH ROW EXECUTE FUNCTION keep_lot_expiry();
--> statement-breakpoint
ALTER TABLE credit_transaction_lots DISABLE TRIGGER append_only;
--> statement-breakpoint
UPDATE credit_transaction_lots AS part SET expires_at = lot.expires_at
FROM credit_lots AS lot WHERE lot.id = part.lot_id AND lot.expires_at IS NOT NULL;
--> statement-breakpoint
ALTER TABLE credit_transaction_lots ENABLE TRIGGER append_only;
--> statement-breakpoint
-- A transaction with its lots, and the account as it left it: what the answer to its request was, and is again when
-- the request is repeated.
CREATE OR REPLACE FUNCTION credit_transaction_json(p_transaction credit_transactions) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'transaction', to_jsonb(p_transaction) || jsonb_build_object('lots', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', lot.id, 'kind', lot.kind, 'source', lot.source,
        'expires_at', part.expires_at, 'amount', part.amount)
        ORDER BY part.expires_at NULLS LAST, lot.kind, lot.created_at, lot.id), '[]')
      FROM credit_transaction_lots AS part JOIN credit_lots AS lot ON lot.id = part.lot_id
      WHERE part.transaction_id = p_transaction.id)),
    'credits', jsonb_build_object('balance', p_transaction.balance_after, 'held', p_transaction.held_after,
      'available', greatest(0, p_transaction.balance_after - p_transaction.held_after),
      'debt', p_transaction.debt_after));
$$;
