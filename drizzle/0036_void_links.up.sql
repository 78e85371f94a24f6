-- What is void with all sessions, who opens an invited account, and locks in one order.

-- Begins the counters of somebody's sign-ins and confirmations anew. True where one of them was used up.
CREATE FUNCTION forget_tries(p_user_id uuid) RETURNS boolean LANGUAGE sql AS $$
  WITH forgotten AS (
    DELETE FROM rate_limits USING users
    WHERE users.id = p_user_id AND bucket IN (
      'sign_in:account:' || encode(sha256(convert_to(users.email, 'UTF8')), 'hex'), 'confirm:account:' || users.id)
    RETURNING rate_limits.count >= 30 AND ends_at > now() AS was_full
  )
  SELECT coalesce(bool_or(was_full), false) FROM forgotten;
$$;
--> statement-breakpoint
-- Ends sessions of a user, all of them or all but p_except, and what was begun: sign-ins that wait for a code, and
-- changes of the address. Answers how many sessions. Locks the user's row first: a sign-in beside this is either seen
-- here, or sees what the caller changed.
CREATE OR REPLACE FUNCTION revoke_sessions(p_user_id uuid, p_except uuid, p_reason text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  revoked integer;
BEGIN
  PERFORM FROM users WHERE id = p_user_id FOR UPDATE;
  UPDATE sessions SET revoked_at = now(), revoked_reason = p_reason
  WHERE user_id = p_user_id AND revoked_at IS NULL AND id IS DISTINCT FROM p_except;
  GET DIAGNOSTICS revoked = ROW_COUNT;
  UPDATE auth_tokens SET consumed_at = now()
  WHERE user_id = p_user_id AND purpose IN ('second_factor', 'change_email') AND consumed_at IS NULL;
  RETURN revoked;
END $$;
--> statement-breakpoint
-- Begins a change of address, and answers which mail the new one gets: prove, a link (p_token_hash) for a day, in place of
-- the one before; exists, where it is somebody else's; null where it gets no more mail. unchanged: it is the user's already.
-- Raises RC401 when the session has ended meanwhile: who ends all sessions leaves no such link behind.
CREATE OR REPLACE FUNCTION begin_email_change(
  p_session_id uuid, p_user_id uuid, p_email text, p_email_hash text, p_token_hash text, p_origin jsonb,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT mail text, OUT old_email text
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT c.* INTO is_allowed, remaining, resets_in FROM count_attempt('change_email:user:' || p_user_id, 10, 3600) AS c;
  IF NOT is_allowed THEN RETURN; END IF;
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  PERFORM FROM sessions WHERE id = p_session_id AND user_id = p_user_id AND revoked_at IS NULL;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the session is over' USING ERRCODE = 'RC401';
  END IF;
  old_email := person.email;
  mail := CASE
    WHEN person.email = p_email THEN 'unchanged'
    WHEN NOT (SELECT c.is_allowed FROM count_attempt('change_email:account:' || p_email_hash, 5, 3600) AS c) THEN NULL
    WHEN EXISTS (SELECT 1 FROM users AS u WHERE u.email = p_email AND NOT (u.status = 'unverified' AND u.role = 'customer'))
      THEN 'exists'
    ELSE 'prove' END;
  IF mail = 'prove' THEN
    UPDATE auth_tokens SET consumed_at = now()
    WHERE user_id = p_user_id AND purpose = 'change_email' AND consumed_at IS NULL;
    INSERT INTO auth_tokens (token_hash, user_id, purpose, expires_at, new_email)
    VALUES (p_token_hash, p_user_id, 'change_email', now() + interval '24 hours', p_email);
  END IF;
  PERFORM record_auth_event(p_user_id, 'email_change_request',
    CASE WHEN mail = 'prove' THEN 'success' ELSE 'failure' END, person.role || ':' || p_user_id, p_session_id, p_origin,
    CASE WHEN mail = 'prove' THEN '{}' ELSE jsonb_build_object('reason',
      CASE mail WHEN 'exists' THEN 'address_taken' WHEN 'unchanged' THEN 'unchanged' ELSE 'too_many_mails' END) END);
END $$;
--> statement-breakpoint
-- Does an admin's change to somebody's account, and writes it down with the reason. What takes rights away ends every
-- session of the person at once, what a link in a mail would open, and, of who is no admin any more, the keys of
-- services. `outcome`:
--   done         p_action (disable, enable, unlock, remove_second_factor, change_role, revoke_sessions) is done
--   unchanged    it was so already
--   not_found, deleted
--   last_admin   nobody would be left who may do this
--   own_account  nobody does this to itself: another admin must, so that nobody shuts itself out
--   unproven     of an address that nobody has proven no role is raised: whoever typed it would get it
CREATE OR REPLACE FUNCTION change_user(
  p_user_id uuid, p_action text, p_role text, p_reason text, p_actor jsonb, p_origin jsonb, OUT outcome text
) LANGUAGE plpgsql AS $$
DECLARE
  is_last boolean := is_last_admin(p_user_id);
  person users;
  is_changed boolean;
  event_type text := CASE p_action
    WHEN 'disable' THEN 'user_disabled' WHEN 'enable' THEN 'user_enabled' WHEN 'unlock' THEN 'user_unlocked'
    WHEN 'remove_second_factor' THEN 'second_factor_removed' WHEN 'change_role' THEN 'role_change'
    WHEN 'revoke_sessions' THEN 'sessions_revoked' END;
  told jsonb := jsonb_build_object('reason', p_reason);
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  outcome := CASE
    WHEN person.id IS NULL THEN 'not_found'
    WHEN person.status = 'deleted' THEN 'deleted'
    WHEN is_last AND (p_action = 'disable' OR (p_action = 'change_role' AND p_role <> 'admin')) THEN 'last_admin'
    WHEN p_user_id = (p_actor ->> 'user_id')::uuid AND p_action <> 'revoke_sessions' THEN 'own_account'
    WHEN p_action = 'change_role' AND person.email_verified_at IS NULL THEN 'unproven' END;
  IF outcome IS NOT NULL THEN RETURN; END IF;
  PERFORM require_admin(p_actor);

  CASE p_action
    WHEN 'disable' THEN
      UPDATE users SET status = 'disabled', updated_at = now() WHERE id = p_user_id AND status <> 'disabled';
    WHEN 'enable' THEN
      UPDATE users SET status = CASE WHEN email_verified_at IS NULL THEN 'unverified' ELSE 'active' END, updated_at = now()
      WHERE id = p_user_id AND status = 'disabled';
    WHEN 'unlock' THEN
      UPDATE users SET failed_count = 0, lock_count = 0, locked_until = NULL, updated_at = now()
      WHERE id = p_user_id AND (failed_count > 0 OR lock_count > 0 OR locked_until IS NOT NULL);
      is_changed := FOUND;
      is_changed := forget_tries(p_user_id) OR is_changed;
    WHEN 'remove_second_factor' THEN
      DELETE FROM recovery_codes WHERE user_id = p_user_id;
      DELETE FROM totp_factors WHERE user_id = p_user_id;
    WHEN 'change_role' THEN
      UPDATE users SET role = p_role, updated_at = now() WHERE id = p_user_id AND role <> p_role;
      told := told || jsonb_build_object('from', person.role, 'to', p_role);
    WHEN 'revoke_sessions' THEN
      PERFORM FROM sessions WHERE user_id = p_user_id AND revoked_at IS NULL
      UNION ALL SELECT FROM auth_tokens
      WHERE user_id = p_user_id AND purpose IN ('second_factor', 'change_email') AND consumed_at IS NULL AND expires_at > now();
  END CASE;
  IF NOT coalesce(is_changed, FOUND) THEN
    outcome := 'unchanged';
    RETURN;
  END IF;

  outcome := 'done';
  IF p_action IN ('disable', 'remove_second_factor', 'change_role', 'revoke_sessions') THEN
    PERFORM revoke_sessions(p_user_id, NULL, event_type);
  END IF;
  IF p_action = 'disable' THEN
    UPDATE auth_tokens SET consumed_at = now() WHERE user_id = p_user_id AND consumed_at IS NULL;
  END IF;
  IF person.role = 'admin' AND p_action = 'change_role' THEN
    UPDATE api_keys SET revoked_at = now() WHERE user_id = p_user_id AND kind = 'service' AND revoked_at IS NULL;
  END IF;
  PERFORM record_auth_event(p_user_id, event_type, 'success', p_actor ->> 'label', (p_actor ->> 'session_id')::uuid,
    p_origin, jsonb_strip_nulls(told));
END $$;
--> statement-breakpoint
-- Sets a new password by a mail's link: proves the address, unlocks, and ends every session. A disabled account stays
-- disabled. Staff that was invited comes in by the invitation alone.
CREATE OR REPLACE FUNCTION reset_password(
  p_token_hash text, p_password_hash text, p_origin jsonb, OUT is_reset boolean, OUT email text
) LANGUAGE plpgsql AS $$
DECLARE
  token auth_tokens := take_link(p_token_hash, 'reset_password', p_origin);
BEGIN
  UPDATE users AS u SET password_hash = p_password_hash, password_changed_at = now(),
    status = CASE WHEN u.status = 'unverified' THEN 'active' ELSE u.status END,
    email_verified_at = coalesce(u.email_verified_at, now()),
    failed_count = 0, lock_count = 0, locked_until = NULL, updated_at = now()
  WHERE u.id = token.user_id AND u.status <> 'deleted' AND NOT (u.status = 'unverified' AND u.role <> 'customer')
  RETURNING u.email INTO reset_password.email;
  is_reset := FOUND;
  IF is_reset THEN
    PERFORM forget_tries(token.user_id);
    PERFORM revoke_sessions(token.user_id, NULL, 'password_reset');
    PERFORM record_used_link(token.user_id, 'reset_password', p_origin);
  END IF;
END $$;
--> statement-breakpoint
-- Makes a link for a new password, for half an hour, where the address is somebody's. is_mailed: the mail is to be sent.
-- Behind the lock on the user's row: an address that the user is just leaving gets no link. Nor does an account that
-- never accepted its invitation: it would be open longer than the invitation, and never be forgotten.
CREATE OR REPLACE FUNCTION forgot_password(
  p_email text, p_email_hash text, p_token_hash text, p_network text, p_origin jsonb,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT is_mailed boolean
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  may_mail boolean;
  is_invited boolean;
BEGIN
  SELECT c.* INTO is_allowed, remaining, resets_in, may_mail FROM count_mail('forgot_password', p_email_hash, p_network) AS c;
  is_mailed := false;
  IF NOT is_allowed THEN RETURN; END IF;
  SELECT * INTO person FROM users WHERE email = p_email FOR NO KEY UPDATE;
  is_invited := person.status = 'unverified' AND (person.role <> 'customer' OR EXISTS (
    SELECT FROM auth_tokens WHERE user_id = person.id AND purpose = 'invitation'));
  is_mailed := may_mail AND person.id IS NOT NULL AND NOT is_invited;
  IF is_mailed THEN
    INSERT INTO auth_tokens (token_hash, user_id, purpose, expires_at)
    VALUES (p_token_hash, person.id, 'reset_password', now() + interval '30 minutes');
    -- Keeps an account that is unverified from being deleted as one that nobody came back to.
    UPDATE users SET updated_at = now() WHERE id = person.id AND status = 'unverified';
  END IF;
  PERFORM record_request(person, 'password_reset_request',
    CASE WHEN person.id IS NULL THEN 'unknown' WHEN is_invited THEN 'not_accepted'
      WHEN NOT may_mail THEN 'too_many_mails' END, p_origin);
END $$;
--> statement-breakpoint
-- Signs somebody up, and answers which mail the address gets: verify, for an address that nobody has proven: its link is
-- p_token_hash, and with it the account gets the password and the name of this very sign-up; exists, for a taken one;
-- null where it gets no mail. Staff that was invited is taken: a stranger's password must not open that account.
CREATE OR REPLACE FUNCTION sign_up(
  p_email text, p_name text, p_password_hash text, p_token_hash text, p_may_mail boolean, p_origin jsonb, OUT mail text
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  IF NOT p_may_mail THEN
    SELECT * INTO person FROM users WHERE email = p_email;
    PERFORM record_request(person, 'sign_up', 'too_many_mails', p_origin);
    RETURN;
  END IF;
  INSERT INTO users AS present (email) VALUES (p_email)
  ON CONFLICT (email) DO UPDATE
    SET updated_at = CASE WHEN present.status = 'unverified' AND present.role = 'customer' THEN now() ELSE present.updated_at END
  RETURNING * INTO person;
  IF person.status = 'unverified' AND person.role = 'customer' THEN
    mail := 'verify';
    INSERT INTO auth_tokens (token_hash, user_id, purpose, expires_at, password_hash, name)
    VALUES (p_token_hash, person.id, 'verify_email', now() + interval '24 hours', p_password_hash, p_name);
  ELSE
    mail := 'exists';
  END IF;
  PERFORM record_request(person, 'sign_up', CASE WHEN mail = 'exists' THEN 'address_taken' END, p_origin);
END $$;
--> statement-breakpoint
-- Deletes what is long over: links and challenges a week after their end, sign-ups and invitations that nobody has come
-- back to for a week, counters whose window is over. p_limit of each at most; answers the most that any had. Of two runs
-- at once one does nothing, and what a request holds is left for later.
CREATE OR REPLACE FUNCTION forget_proofs(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  people integer;
  tokens integer;
  counters integer;
BEGIN
  IF NOT pg_try_advisory_xact_lock(hashtextextended('ratecard forget_proofs', 0)) THEN RETURN 0; END IF;
  WITH old AS (
    SELECT u.id FROM users AS u
    WHERE u.status = 'unverified' AND u.created_at < now() - interval '7 days' AND u.updated_at < now() - interval '7 days'
      AND NOT EXISTS (
        SELECT 1 FROM auth_tokens AS t WHERE t.user_id = u.id AND t.consumed_at IS NULL AND t.expires_at > now())
    LIMIT p_limit FOR UPDATE SKIP LOCKED
  )
  DELETE FROM users USING old WHERE users.id = old.id;
  GET DIAGNOSTICS people = ROW_COUNT;
  WITH old AS (
    SELECT token_hash FROM auth_tokens WHERE expires_at < now() - interval '7 days' LIMIT p_limit FOR UPDATE SKIP LOCKED
  )
  DELETE FROM auth_tokens AS t USING old WHERE t.token_hash = old.token_hash;
  GET DIAGNOSTICS tokens = ROW_COUNT;
  WITH old AS (
    SELECT bucket FROM rate_limits WHERE ends_at <= now() LIMIT p_limit FOR UPDATE SKIP LOCKED
  )
  DELETE FROM rate_limits AS r USING old WHERE r.bucket = old.bucket;
  GET DIAGNOSTICS counters = ROW_COUNT;
  RETURN greatest(tokens, people, counters);
END $$;
--> statement-breakpoint
-- The customer that a user of ours is; made where it is missing. Locks as all of identity does, the user's row before the
-- customer's. Raises RC401 for who has left.
CREATE OR REPLACE FUNCTION own_customer(p_issuer text, p_user_id uuid) RETURNS uuid LANGUAGE plpgsql AS $$
DECLARE
  found_id uuid;
BEGIN
  PERFORM FROM users WHERE id = p_user_id AND status <> 'deleted' FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the account was deleted' USING ERRCODE = 'RC401';
  END IF;
  INSERT INTO customers (issuer, subject, email) SELECT p_issuer, id::text, email FROM users WHERE id = p_user_id
  ON CONFLICT (issuer, subject) DO NOTHING;
  SELECT id INTO found_id FROM customers WHERE issuer = p_issuer AND subject = p_user_id::text;
  RETURN found_id;
END $$;
--> statement-breakpoint
-- Makes a key of p_key: {"id", "secret_hash", "days", "kind", "name", "scopes"}. `outcome`: done, customer_not_found,
-- customer_closed (its account was deleted), too_many, or ended, when this very request made it before and it is over. A
-- request that is made again, because its answer was lost, gives the key another secret: nobody has the first one.
CREATE OR REPLACE FUNCTION create_api_key(p_key jsonb, p_customer_id uuid, p_at_most integer, p_author jsonb, p_origin jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  owner_id uuid := (p_author ->> 'user_id')::uuid;
  made api_keys;
  customer customers;
BEGIN
  IF p_key ->> 'kind' = 'customer' AND p_customer_id IS NULL THEN RETURN 'customer_not_found'; END IF;
  PERFORM FROM users WHERE id = owner_id FOR UPDATE;
  UPDATE api_keys SET secret_hash = p_key ->> 'secret_hash'
  WHERE id = p_key ->> 'id' AND user_id = owner_id AND last_used_at IS NULL AND revoked_at IS NULL AND replaced_by IS NULL;
  IF FOUND THEN RETURN 'done'; END IF;
  IF EXISTS (SELECT 1 FROM api_keys WHERE id = p_key ->> 'id') THEN RETURN 'ended'; END IF;
  SELECT * INTO customer FROM customers WHERE id = p_customer_id FOR SHARE;
  IF customer.closed_at IS NOT NULL THEN RETURN 'customer_closed'; END IF;
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
-- already_rotated. p_only_own: not_found for a key of somebody else's customer. ended: revoked or expired. Locks as all of
-- identity does, the owner's row, the customer's, and then keys: who takes the owner's rights away meanwhile, or closes
-- the customer, ends both keys.
CREATE OR REPLACE FUNCTION rotate_api_key(p_id text, p_key jsonb, p_only_own boolean, p_author jsonb, p_origin jsonb)
RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  owner_id uuid := (p_author ->> 'user_id')::uuid;
  overlap_hours integer := (p_key ->> 'overlap_hours')::integer;
  old api_keys;
BEGIN
  PERFORM FROM users WHERE id = owner_id FOR UPDATE;
  PERFORM FROM customers WHERE id = (SELECT customer_id FROM api_keys WHERE id = p_id) FOR SHARE;
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
-- Deletes an account: what is kept of the user is the id, the role and what happened. Answers the address to write to,
-- null when the account was deleted before. p_issuer is our own; answers that were kept for p_principal's
-- Idempotency-Keys go. Raises RC423 for the last admin. Locks in the order that all of identity does: admins, the user's
-- row, its sessions, its customer's row, keys: one that is made or rotated beside this is ended, or refused.
CREATE OR REPLACE FUNCTION delete_account(p_user_id uuid, p_session_id uuid, p_issuer text, p_principal text, p_origin jsonb)
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
  SELECT id INTO own_customer_id FROM customers WHERE issuer = p_issuer AND subject = p_user_id::text
  FOR NO KEY UPDATE;
  UPDATE api_keys SET name = 'deleted', revoked_at = coalesce(revoked_at, now())
  WHERE user_id = p_user_id OR customer_id = own_customer_id;
  DELETE FROM external_identities WHERE customer_id = own_customer_id;
  DELETE FROM idempotency_keys WHERE principal = p_principal AND response_status IS NOT NULL;
  PERFORM record_auth_event(p_user_id, 'account_deleted', 'success', person.role || ':' || p_user_id, p_session_id, p_origin);
  RETURN person.email;
END $$;
--> statement-breakpoint
-- Makes the pending secret that p_pending_secret is the second factor, with p_step as the last step whose code was
-- taken. `outcome`: enabled, replaced (there was another one before), or over (somebody confirmed it before, or began
-- anew). p_step is null for a wrong code, which is noted: refused. `email` is the address to write to.
CREATE OR REPLACE FUNCTION end_enrolment(
  p_user_id uuid, p_session_id uuid, p_pending_secret text, p_step bigint, p_recovery_hashes jsonb, p_origin jsonb,
  OUT outcome text, OUT session_kind text, OUT email text
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  outcome := CASE WHEN p_step IS NULL THEN 'refused' WHEN has_second_factor(p_user_id) THEN 'replaced' ELSE 'enabled' END;
  IF p_step IS NOT NULL THEN
    UPDATE totp_factors SET sealed_secret = pending_secret, confirmed_at = now(), last_step = p_step,
      pending_secret = NULL, pending_until = NULL
    WHERE user_id = p_user_id AND pending_secret = p_pending_secret AND pending_until > now();
    IF NOT FOUND THEN
      outcome := 'over';
      RETURN;
    END IF;
    PERFORM replace_recovery_codes(p_user_id, p_recovery_hashes);
    PERFORM leave_old_factor(p_user_id, p_session_id, 'second_factor_changed');
    SELECT kind INTO session_kind FROM sessions WHERE id = p_session_id;
    email := person.email;
  END IF;
  PERFORM record_auth_event(p_user_id, 'second_factor_confirmed', CASE outcome WHEN 'refused' THEN 'failure' ELSE 'success' END,
    person.role || ':' || p_user_id, p_session_id, p_origin,
    jsonb_strip_nulls(jsonb_build_object('outcome', outcome, 'reason', CASE outcome WHEN 'refused' THEN 'wrong_code' END)));
END $$;
