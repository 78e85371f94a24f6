-- A transaction with its lots, and the account as it left it: what the answer to its request was, and is again when
-- the request is repeated.
CREATE OR REPLACE FUNCTION credit_transaction_json(p_transaction credit_transactions) RETURNS jsonb LANGUAGE sql STABLE AS $$
  SELECT jsonb_build_object(
    'transaction', to_jsonb(p_transaction) || jsonb_build_object('lots', (
      SELECT coalesce(jsonb_agg(jsonb_build_object('lot_id', lot.id, 'kind', lot.kind, 'source', lot.source,
        'expires_at', lot.expires_at, 'amount', part.amount)
        ORDER BY lot.expires_at NULLS LAST, lot.kind, lot.created_at, lot.id), '[]')
      FROM credit_transaction_lots AS part JOIN credit_lots AS lot ON lot.id = part.lot_id
      WHERE part.transaction_id = p_transaction.id)),
    'credits', jsonb_build_object('balance', p_transaction.balance_after, 'held', p_transaction.held_after,
      'available', greatest(0, p_transaction.balance_after - p_transaction.held_after),
      'debt', p_transaction.debt_after));
$$;
--> statement-breakpoint
DROP TRIGGER lot_expiry ON credit_transaction_lots;
--> statement-breakpoint
DROP FUNCTION keep_lot_expiry();
--> statement-breakpoint
ALTER TABLE "credit_holds" DROP CONSTRAINT "credit_holds_amount_not_negative";
--> statement-breakpoint
ALTER TABLE "credit_transaction_lots" DROP COLUMN "expires_at";
--> statement-breakpoint
ALTER TABLE "credit_holds" ADD CONSTRAINT "credit_holds_amount_positive" CHECK ("credit_holds"."amount" > 0);
