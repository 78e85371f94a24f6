CREATE OR REPLACE FUNCTION forgot_password(
  p_email text, p_email_hash text, p_token_hash text, p_network text, p_origin jsonb,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT is_mailed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  may_mail boolean;
BEGIN
  SELECT c.* INTO is_allowed, remaining, resets_in, may_mail FROM count_mail('forgot_password', p_email_hash, p_network) AS c;
  is_mailed := false;
  IF NOT is_allowed THEN RETURN; END IF;
  SELECT * INTO person FROM users WHERE email = p_email;
  is_mailed := may_mail AND person.id IS NOT NULL;
  IF is_mailed THEN
    INSERT INTO auth_tokens (token_hash, user_id, purpose, expires_at)
    VALUES (p_token_hash, person.id, 'reset_password', now() + interval '30 minutes');
    -- Keeps an account that is unverified from being deleted as one that nobody came back to.
    UPDATE users SET updated_at = now() WHERE id = person.id AND status = 'unverified';
  END IF;
  PERFORM record_request(person, 'password_reset_request',
    CASE WHEN person.id IS NULL THEN 'unknown' WHEN NOT may_mail THEN 'too_many_mails' END, p_origin);
END $$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION rotate_api_key(p_id text, p_key jsonb, p_only_own boolean, p_author jsonb, p_origin jsonb)
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
