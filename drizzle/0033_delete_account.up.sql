ALTER TABLE "customers" ADD COLUMN "closed_at" timestamp with time zone;
--> statement-breakpoint
-- Trigger: who has left gets no address and name back, whatever is on its way for the customer.
CREATE FUNCTION keep_nameless() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  NEW.email := NULL;
  NEW.name := NULL;
  NEW.closed_at := OLD.closed_at;
  RETURN NEW;
END $$;
--> statement-breakpoint
CREATE TRIGGER closed_stay_nameless BEFORE UPDATE ON customers FOR EACH ROW
  WHEN (OLD.closed_at IS NOT NULL) EXECUTE FUNCTION keep_nameless();
--> statement-breakpoint
-- Raises RC411 when the account of a checkout was deleted. Locks the customer's row, as who deletes it does.
CREATE FUNCTION require_open_customer(p_checkout_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  customer customers;
BEGIN
  SELECT * INTO customer FROM customers
  WHERE id = (SELECT customer_id FROM checkouts WHERE id = p_checkout_id) FOR NO KEY UPDATE;
  IF customer.closed_at IS NOT NULL THEN
    RAISE EXCEPTION 'the account was deleted' USING ERRCODE = 'RC411';
  END IF;
END $$;
--> statement-breakpoint
-- Closes a customer: it has no address and name any more, and buys nothing, by itself or by automatic top-ups. One that
-- never bought gets its row here, so that a first checkout beside this finds it closed. p_parts: {"seen", checkouts whose
-- pages were closed or completed; "closed", those that were closed; "ended", subscriptions that are over at Stripe}.
-- Raises RC411 when there are others: they were begun since the caller looked.
CREATE FUNCTION close_customer(p_issuer text, p_subject text, p_parts jsonb, p_now timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  closed_id uuid;
BEGIN
  INSERT INTO customers AS present (issuer, subject, closed_at) VALUES (p_issuer, p_subject, now())
  ON CONFLICT (issuer, subject) DO UPDATE
  SET email = NULL, name = NULL, closed_at = coalesce(present.closed_at, now()), updated_at = now()
  RETURNING id INTO closed_id;
  IF EXISTS (
    SELECT FROM checkouts
    WHERE customer_id = closed_id AND status = 'open' AND expires_at > p_now AND NOT p_parts -> 'seen' ? id::text
  ) OR EXISTS (
    SELECT FROM subscriptions
    WHERE customer_id = closed_id AND status NOT IN ('canceled', 'incomplete_expired')
      AND NOT p_parts -> 'ended' ? stripe_subscription_id
  ) THEN
    RAISE EXCEPTION 'something was begun meanwhile' USING ERRCODE = 'RC411';
  END IF;
  UPDATE checkouts SET status = 'expired'
  WHERE customer_id = closed_id AND (status = 'opening' OR status = 'open' AND p_parts -> 'closed' ? id::text);
  UPDATE auto_top_ups SET is_enabled = false, updated_at = p_now WHERE customer_id = closed_id AND is_enabled;
END $$;
--> statement-breakpoint
-- Deletes an account: what is kept of the user is the id, the role and what happened. Answers the address to write to,
-- null when the account was deleted before. p_issuer is our own; answers that were kept for p_principal's
-- Idempotency-Keys go. Raises RC423 for the last admin. Locks in the order that all of identity does: admins, the user's
-- row, its sessions.
CREATE FUNCTION delete_account(p_user_id uuid, p_session_id uuid, p_issuer text, p_principal text, p_origin jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  person users;
  own_customer_id uuid;
BEGIN
  IF is_last_admin(p_user_id) THEN
    RAISE EXCEPTION 'the last admin stays' USING ERRCODE = 'RC423';
  END IF;
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  IF person.status = 'deleted' THEN RETURN NULL; END IF;
  UPDATE users SET status = 'deleted', email = NULL, name = NULL, password_hash = NULL, failed_count = 0,
    lock_count = 0, locked_until = NULL, email_verified_at = NULL, password_changed_at = NULL, updated_at = now()
  WHERE id = p_user_id;
  DELETE FROM sessions WHERE user_id = p_user_id;
  DELETE FROM auth_tokens WHERE user_id = p_user_id;
  DELETE FROM totp_factors WHERE user_id = p_user_id;
  DELETE FROM recovery_codes WHERE user_id = p_user_id;
  SELECT id INTO own_customer_id FROM customers WHERE issuer = p_issuer AND subject = p_user_id::text;
  UPDATE api_keys SET name = 'deleted', revoked_at = coalesce(revoked_at, now())
  WHERE user_id = p_user_id OR customer_id = own_customer_id;
  DELETE FROM external_identities WHERE customer_id = own_customer_id;
  DELETE FROM idempotency_keys WHERE principal = p_principal AND response_status IS NOT NULL;
  PERFORM record_auth_event(p_user_id, 'account_deleted', 'success', person.role || ':' || p_user_id, p_session_id, p_origin);
  RETURN person.email;
END $$;
