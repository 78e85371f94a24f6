-- What must happen once: an operation under its Idempotency-Key, a webhook event, a movement of credits.
-- A caller puts these functions into its batch; an exception takes back the whole batch.

-- Claims (principal, key) for one request. Raises RC409 when the key is taken: by an operation that has its answer,
-- by one under way, or by another request (the caller reads the row to tell which). An operation that was cut off is
-- taken up again by the same request once its lease is over.
CREATE FUNCTION claim_idempotency_key(p_principal text, p_key text, p_request_hash text, p_lease_seconds integer)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO idempotency_keys AS taken (principal, key, request_hash, lease_until)
  VALUES (p_principal, p_key, p_request_hash, now() + make_interval(secs => p_lease_seconds))
  ON CONFLICT (principal, key) DO UPDATE SET lease_until = excluded.lease_until
  WHERE taken.response_status IS NULL AND taken.lease_until < now() AND taken.request_hash = excluded.request_hash;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the idempotency key is taken' USING ERRCODE = 'RC409';
  END IF;
END $$;
--> statement-breakpoint
-- Marks a claimed event as processed. The attempt number is the fencing token of the claim: a worker whose lease ran
-- out and whose event another one took over gets RC410, and its effects, in the same batch, are taken back.
CREATE FUNCTION complete_webhook_event(p_event_id text, p_attempt integer, p_customer_id uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE webhook_events
  SET status = 'processed', processed_at = now(), lease_until = NULL, last_error = NULL, customer_id = p_customer_id
  WHERE event_id = p_event_id AND status = 'processing' AND attempts = p_attempt;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the claim on the event is lost' USING ERRCODE = 'RC410';
  END IF;
END $$;
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
  ON credit_transactions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Grants credits for one fact, named by (p_source, p_source_ref): lot, ledger row and balance, or, when the fact has
-- granted before, nothing. Locks the account first. Returns whether it granted, and the balance that holds now.
CREATE FUNCTION grant_credits(
  p_customer_id uuid, p_amount bigint, p_source text, p_source_ref text, p_transaction_type text, p_offer_id uuid,
  p_expires_at timestamptz, p_description text, p_event_id text, p_actor text
) RETURNS TABLE (granted boolean, balance bigint) LANGUAGE plpgsql AS $$
DECLARE
  account credit_accounts;
BEGIN
  INSERT INTO credit_accounts (customer_id) VALUES (p_customer_id) ON CONFLICT DO NOTHING;
  SELECT * INTO STRICT account FROM credit_accounts WHERE customer_id = p_customer_id FOR UPDATE;
  INSERT INTO credit_lots (customer_id, source, source_ref, offer_id, granted, remaining, expires_at)
  VALUES (p_customer_id, p_source, p_source_ref, p_offer_id, p_amount, p_amount, p_expires_at)
  ON CONFLICT (source, source_ref) DO NOTHING;
  IF NOT FOUND THEN
    RETURN QUERY SELECT false, account.balance;
    RETURN;
  END IF;
  UPDATE credit_accounts AS a
  SET balance = a.balance + p_amount, last_sequence = a.last_sequence + 1, updated_at = now()
  WHERE a.customer_id = p_customer_id RETURNING a.* INTO account;
  INSERT INTO credit_transactions
    (customer_id, sequence, transaction_type, amount, balance_after, description, source_ref, event_id, actor)
  VALUES (p_customer_id, account.last_sequence, p_transaction_type, p_amount, account.balance, p_description,
    p_source_ref, p_event_id, p_actor);
  RETURN QUERY SELECT true, account.balance;
END $$;
