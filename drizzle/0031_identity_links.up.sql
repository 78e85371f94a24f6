-- People of other issuers: which customer an identity (issuer and subject) acts for.

-- The customer that staff names: a subject of p_issuer (JWT_ISSUER) before it is one of our ids, or an id at Stripe.
CREATE FUNCTION customer_named(p_name text, p_issuer text) RETURNS uuid LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    (SELECT id FROM customers WHERE issuer = p_issuer AND subject = p_name),
    (SELECT id FROM customers
     WHERE id = CASE WHEN p_name ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN p_name::uuid END),
    (SELECT id FROM customers WHERE stripe_customer_id = p_name));
$$;
--> statement-breakpoint
-- Which customer an identity acts for: its own, which is made when the identity is first seen, or the one that it is
-- linked to. Of several that come at once all get the same. p_email, where there is one, becomes the address of its own
-- customer, and never that of one it is linked to.
CREATE FUNCTION find_identity(p_issuer text, p_subject text, p_email text)
RETURNS TABLE (issuer text, subject text, email text) LANGUAGE plpgsql AS $$
DECLARE
  customer customers;
BEGIN
  SELECT c.* INTO customer FROM external_identities AS e JOIN customers AS c ON c.id = e.customer_id
  WHERE e.issuer = p_issuer AND e.subject = p_subject;
  IF NOT FOUND THEN
    INSERT INTO customers AS c (issuer, subject, email) VALUES (p_issuer, p_subject, p_email)
    ON CONFLICT ON CONSTRAINT customers_issuer_subject_unique DO NOTHING;
    INSERT INTO external_identities AS e (issuer, subject, customer_id)
    SELECT p_issuer, p_subject, c.id FROM customers AS c WHERE c.issuer = p_issuer AND c.subject = p_subject
    ON CONFLICT ON CONSTRAINT external_identities_pk DO NOTHING;
    SELECT c.* INTO STRICT customer FROM external_identities AS e JOIN customers AS c ON c.id = e.customer_id
    WHERE e.issuer = p_issuer AND e.subject = p_subject;
  END IF;
  IF (customer.issuer, customer.subject) = (p_issuer, p_subject) AND p_email <> coalesce(customer.email, '') THEN
    UPDATE customers AS c SET email = p_email, updated_at = now() WHERE c.id = customer.id;
    customer.email := p_email;
  END IF;
  RETURN QUERY SELECT customer.issuer, customer.subject, customer.email;
END $$;
--> statement-breakpoint
-- Whether anything was ever sold or given to a customer, or is being sold. Needs the lock on its row to stay so.
CREATE FUNCTION is_customer_used(p_customer customers) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT p_customer.stripe_customer_id IS NOT NULL
    OR EXISTS (SELECT 1 FROM subscriptions WHERE customer_id = p_customer.id)
    OR EXISTS (SELECT 1 FROM payments WHERE customer_id = p_customer.id)
    OR EXISTS (SELECT 1 FROM checkouts WHERE customer_id = p_customer.id)
    OR EXISTS (SELECT 1 FROM credit_transactions WHERE customer_id = p_customer.id)
    OR EXISTS (SELECT 1 FROM auto_top_ups WHERE customer_id = p_customer.id)
    OR EXISTS (SELECT 1 FROM api_keys WHERE customer_id = p_customer.id AND revoked_at IS NULL);
$$;
--> statement-breakpoint
-- Lets an identity act for a customer from now on; its own customer, if there is an empty one, is left without
-- identity. `outcome`:
--   linked            it does, also when it did already
--   unknown_customer  nobody is named so
--   in_use            its own customer has something, or it is linked to another one
CREATE FUNCTION link_identity(
  p_customer text, p_own_issuer text, p_issuer text, p_subject text, p_actor text, p_session_id uuid, p_origin jsonb
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  target customers;
  own customers;
  before uuid;
BEGIN
  SELECT * INTO target FROM customers WHERE id = customer_named(p_customer, p_own_issuer);
  IF target.id IS NULL THEN RETURN 'unknown_customer'; END IF;
  SELECT * INTO own FROM customers WHERE issuer = p_issuer AND subject = p_subject FOR UPDATE;
  SELECT customer_id INTO before FROM external_identities WHERE issuer = p_issuer AND subject = p_subject FOR UPDATE;
  IF coalesce(before, own.id) = target.id THEN RETURN 'linked'; END IF;
  IF own.id <> target.id AND is_customer_used(own) THEN RETURN 'in_use'; END IF;
  INSERT INTO external_identities AS present (issuer, subject, customer_id, linked_by)
  VALUES (p_issuer, p_subject, target.id, p_actor)
  ON CONFLICT (issuer, subject) DO UPDATE SET customer_id = target.id, linked_by = p_actor, created_at = now()
  WHERE present.customer_id IN (own.id, target.id);
  IF NOT FOUND THEN RETURN 'in_use'; END IF;
  PERFORM record_identity_change('identity_linked', target, p_own_issuer, p_issuer, p_subject, p_actor, p_session_id, p_origin);
  RETURN 'linked';
END $$;
--> statement-breakpoint
-- Takes a link away: from its next request on the identity acts for its own customer again. `outcome`: unlinked,
-- unknown_customer, not_linked (a customer's own identity included).
CREATE FUNCTION unlink_identity(
  p_customer text, p_own_issuer text, p_issuer text, p_subject text, p_actor text, p_session_id uuid, p_origin jsonb
) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  target customers;
BEGIN
  SELECT * INTO target FROM customers WHERE id = customer_named(p_customer, p_own_issuer);
  IF target.id IS NULL THEN RETURN 'unknown_customer'; END IF;
  DELETE FROM external_identities
  WHERE issuer = p_issuer AND subject = p_subject AND customer_id = target.id
    AND (issuer, subject) <> (target.issuer, target.subject);
  IF NOT FOUND THEN RETURN 'not_linked'; END IF;
  PERFORM record_identity_change('identity_unlinked', target, p_own_issuer, p_issuer, p_subject, p_actor, p_session_id, p_origin);
  RETURN 'unlinked';
END $$;
--> statement-breakpoint
-- About the customer's user, where it is one of ours.
CREATE FUNCTION record_identity_change(
  p_event_type text, p_customer customers, p_own_issuer text, p_issuer text, p_subject text, p_actor text,
  p_session_id uuid, p_origin jsonb
) RETURNS void LANGUAGE sql AS $$
  SELECT record_auth_event(
    (SELECT id FROM users WHERE p_customer.issuer = p_own_issuer AND id::text = p_customer.subject),
    p_event_type, 'success', p_actor, p_session_id, p_origin,
    jsonb_build_object('customer_id', p_customer.id, 'issuer', p_issuer, 'subject', p_subject));
$$;
