-- Keys of machines. Guards stand on the statement that changes the key's row, or behind a lock on the row of its owner.
-- p_author is who does it: {"user_id", "issuer", "actor", "session_id"}, where the issuer is our own.

ALTER TABLE "api_keys" ADD COLUMN "family" text;
--> statement-breakpoint
UPDATE "api_keys" SET "family" = "id";
--> statement-breakpoint
ALTER TABLE "api_keys" ALTER COLUMN "family" SET NOT NULL;
--> statement-breakpoint
-- Whether a key acts for this user's own customer.
CREATE FUNCTION is_key_of(p_key api_keys, p_issuer text, p_user_id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (
    SELECT 1 FROM customers WHERE id = p_key.customer_id AND issuer = p_issuer AND subject = p_user_id::text);
$$;
--> statement-breakpoint
-- What a key is good for: `active` and `rotated` (another has taken its place, and it goes on until its end) open what
-- their scopes say. `suspended`: its owner is not let in, is no admin any more, or is no longer the customer that it
-- acts for.
CREATE FUNCTION key_state(p_key api_keys, p_issuer text) RETURNS text LANGUAGE sql STABLE AS $$
  SELECT CASE
    WHEN p_key.revoked_at IS NOT NULL THEN 'revoked'
    WHEN p_key.expires_at <= now() THEN 'expired'
    WHEN NOT EXISTS (
      SELECT 1 FROM users WHERE id = p_key.user_id AND status = 'active'
        AND (role = 'admin' OR role = 'customer' AND is_key_of(p_key, p_issuer, id))) THEN 'suspended'
    WHEN p_key.replaced_by IS NOT NULL THEN 'rotated'
    ELSE 'active' END;
$$;
--> statement-breakpoint
-- Writes down what was done to a key: in the account of the customer that it acts for, where that is one of ours, else
-- in its owner's.
CREATE FUNCTION record_key_event(p_key api_keys, p_event_type text, p_author jsonb, p_origin jsonb, p_details jsonb)
RETURNS void LANGUAGE sql AS $$
  SELECT record_auth_event(
    coalesce((
      SELECT users.id FROM customers
      JOIN users ON users.id = CASE WHEN subject ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN subject::uuid END
      WHERE customers.id = p_key.customer_id AND issuer = p_author ->> 'issuer'), p_key.user_id),
    p_event_type, 'success', p_author ->> 'actor', (p_author ->> 'session_id')::uuid, p_origin,
    jsonb_build_object('key_id', p_key.id, 'kind', p_key.kind) || p_details);
$$;
--> statement-breakpoint
-- The customer that a user of ours is; made where it is missing.
CREATE FUNCTION own_customer(p_issuer text, p_user_id uuid) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  found_id uuid;
BEGIN
  INSERT INTO customers (issuer, subject, email) SELECT p_issuer, id::text, email FROM users WHERE id = p_user_id
  ON CONFLICT (issuer, subject) DO NOTHING;
  SELECT id INTO found_id FROM customers WHERE issuer = p_issuer AND subject = p_user_id::text;
  RETURN found_id;
END $$;
--> statement-breakpoint
-- Makes a key of p_key: {"id", "secret_hash", "days", "kind", "name", "scopes"}. `outcome`: done, customer_not_found,
-- too_many, or ended, when this very request made it before and it is over. A request that is made again, because its
-- answer was lost, gives the key another secret: nobody has the first one.
CREATE FUNCTION create_api_key(p_key jsonb, p_customer_id uuid, p_at_most integer, p_author jsonb, p_origin jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  owner_id uuid := (p_author ->> 'user_id')::uuid;
  made api_keys;
BEGIN
  IF p_key ->> 'kind' = 'customer' AND p_customer_id IS NULL THEN RETURN 'customer_not_found'; END IF;
  PERFORM FROM users WHERE id = owner_id FOR UPDATE;
  UPDATE api_keys SET secret_hash = p_key ->> 'secret_hash'
  WHERE id = p_key ->> 'id' AND user_id = owner_id AND last_used_at IS NULL AND revoked_at IS NULL AND replaced_by IS NULL;
  IF FOUND THEN RETURN 'done'; END IF;
  IF EXISTS (SELECT 1 FROM api_keys WHERE id = p_key ->> 'id') THEN RETURN 'ended'; END IF;
  IF p_at_most <= (
    SELECT count(*) FROM api_keys
    WHERE user_id = owner_id AND revoked_at IS NULL AND replaced_by IS NULL AND expires_at > now()
  ) THEN RETURN 'too_many'; END IF;
  INSERT INTO api_keys (id, family, kind, user_id, customer_id, name, scopes, secret_hash, expires_at)
  VALUES (p_key ->> 'id', p_key ->> 'id', p_key ->> 'kind', owner_id, p_customer_id, p_key ->> 'name',
    ARRAY(SELECT jsonb_array_elements_text(p_key -> 'scopes')), p_key ->> 'secret_hash',
    now() + make_interval(days => (p_key ->> 'days')::integer))
  RETURNING * INTO made;
  PERFORM record_key_event(made, 'key_created', p_author, p_origin,
    jsonb_build_object('scopes', made.scopes, 'expires_at', made.expires_at));
  RETURN 'done';
END $$;
--> statement-breakpoint
-- Makes the key p_key, {"id", "secret_hash", "days", "overlap_hours"}, that takes the place of p_id: the same in all but
-- secret, end and owner. The old one goes on for the overlap. Of several at once one is done; the others are
-- already_rotated. p_only_own: not_found for a key of somebody else's customer. ended: revoked or expired.
CREATE FUNCTION rotate_api_key(p_id text, p_key jsonb, p_only_own boolean, p_author jsonb, p_origin jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  owner_id uuid := (p_author ->> 'user_id')::uuid;
  overlap_hours integer := (p_key ->> 'overlap_hours')::integer;
  old api_keys;
BEGIN
  UPDATE api_keys AS key SET replaced_by = p_key ->> 'id',
    expires_at = least(expires_at, now() + make_interval(hours => overlap_hours)),
    revoked_at = CASE WHEN overlap_hours = 0 THEN now() END
  WHERE id = p_id AND replaced_by IS NULL AND revoked_at IS NULL AND expires_at > now()
    AND (NOT p_only_own OR is_key_of(key, p_author ->> 'issuer', owner_id))
  RETURNING * INTO old;
  IF NOT FOUND THEN
    SELECT * INTO old FROM api_keys AS key
    WHERE id = p_id AND (NOT p_only_own OR is_key_of(key, p_author ->> 'issuer', owner_id));
    IF NOT FOUND THEN RETURN 'not_found'; END IF;
    IF old.replaced_by IS NULL THEN RETURN 'ended'; END IF;
    -- This very request made the successor before, and its answer was lost.
    UPDATE api_keys SET secret_hash = p_key ->> 'secret_hash'
    WHERE id = old.replaced_by AND id = p_key ->> 'id' AND user_id = owner_id AND last_used_at IS NULL
      AND revoked_at IS NULL AND replaced_by IS NULL;
    RETURN CASE WHEN FOUND THEN 'done' ELSE 'already_rotated' END;
  END IF;
  INSERT INTO api_keys (id, family, kind, user_id, customer_id, name, scopes, secret_hash, expires_at)
  VALUES (p_key ->> 'id', old.family, old.kind, owner_id, old.customer_id, old.name, old.scopes, p_key ->> 'secret_hash',
    now() + make_interval(days => (p_key ->> 'days')::integer));
  PERFORM record_key_event(old, 'key_rotated', p_author, p_origin,
    jsonb_build_object('replaced_by', old.replaced_by, 'overlap_hours', overlap_hours));
  RETURN 'done';
END $$;
--> statement-breakpoint
-- Ends a key; one that is revoked stays as it is. p_only_own: not_found for a key of somebody else's customer.
CREATE FUNCTION revoke_api_key(p_id text, p_only_own boolean, p_author jsonb, p_origin jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  ended api_keys;
BEGIN
  UPDATE api_keys AS key SET revoked_at = now()
  WHERE id = p_id AND revoked_at IS NULL
    AND (NOT p_only_own OR is_key_of(key, p_author ->> 'issuer', (p_author ->> 'user_id')::uuid))
  RETURNING * INTO ended;
  IF FOUND THEN
    PERFORM record_key_event(ended, 'key_revoked', p_author, p_origin, '{}');
    RETURN 'done';
  END IF;
  PERFORM FROM api_keys AS key
  WHERE id = p_id AND (NOT p_only_own OR is_key_of(key, p_author ->> 'issuer', (p_author ->> 'user_id')::uuid));
  RETURN CASE WHEN FOUND THEN 'done' ELSE 'not_found' END;
END $$;
