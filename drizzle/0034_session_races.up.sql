-- Sign-ins and sessions, after thinking each race through. Locks are taken in one order, so that nobody waits in a
-- circle: the user's row, a session's, a refresh token's.

-- Whether a session may still be used: not revoked, over or left alone, and its user is let in. Staff's ends after 12 h,
-- and after half an hour without use, by the role of now, whatever it was opened as.
CREATE OR REPLACE FUNCTION is_session_open(p_session sessions, p_user users) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    p_session.revoked_at IS NULL AND p_session.expires_at > now() AND p_user.status = 'active'
    AND (p_session.idle_seconds IS NULL
      OR p_session.last_seen_at > now() - make_interval(secs => p_session.idle_seconds))
    AND (p_user.role = 'customer'
      OR (p_session.created_at > now() - interval '12 hours' AND p_session.last_seen_at > now() - interval '30 minutes')),
    false);
$$;
--> statement-breakpoint
-- Notes that a session is used: once a minute is enough. It rides on a transaction that may go on to lock the user's
-- row: while somebody else has that, the note is left to the next request.
CREATE OR REPLACE FUNCTION touch_session(p_session sessions) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_session.last_seen_at >= now() - interval '1 minute' THEN RETURN; END IF;
  PERFORM FROM users WHERE id = p_session.user_id FOR NO KEY UPDATE SKIP LOCKED;
  IF FOUND THEN
    UPDATE sessions SET last_seen_at = now() WHERE id = p_session.id AND last_seen_at < now() - interval '1 minute';
  END IF;
END $$;
--> statement-breakpoint
DROP FUNCTION require_session(uuid, uuid);
--> statement-breakpoint
-- Raises RC401 unless the session that an access token names is this user's, may still be used, and the token says no
-- more of the user than is so now: the role that it names, and, of staff, that there is a second factor.
CREATE FUNCTION require_session(p_session_id uuid, p_user_id uuid, p_role text, p_is_restricted boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  session sessions;
  person users;
BEGIN
  SELECT * INTO session FROM sessions WHERE id = p_session_id AND user_id = p_user_id;
  SELECT * INTO person FROM users WHERE id = session.user_id;
  IF NOT is_session_open(session, person) OR person.role <> p_role
    OR (person.role <> 'customer' AND NOT p_is_restricted AND NOT has_second_factor(person.id)) THEN
    RAISE EXCEPTION 'the session is over' USING ERRCODE = 'RC401';
  END IF;
  PERFORM touch_session(session);
END $$;
--> statement-breakpoint
DROP FUNCTION end_sign_in(uuid, boolean, text, jsonb, text, jsonb);
--> statement-breakpoint
-- Ends what begin_sign_in began, once the password was compared with p_compared_hash. `outcome`:
--   refused        wrong, or nobody has the address, or the account is locked, disabled or unverified
--   changed        the account has another hash by now: compare again
--   signed_in      a session is open: the other columns say whose
--   second_factor  a code is wanted: p_challenge_hash is worth five tries, for five minutes
-- p_new_hash: the same password, hashed as passwords are today; null where it is already.
CREATE FUNCTION end_sign_in(
  p_user_id uuid, p_compared_hash text, p_is_right boolean, p_new_hash text, p_session jsonb, p_challenge_hash text,
  p_origin jsonb,
  OUT outcome text, OUT session_id uuid, OUT user_id uuid, OUT role text, OUT email text, OUT is_restricted boolean,
  OUT expires_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  reason text;
BEGIN
  outcome := 'refused';
  SELECT * INTO person FROM users AS u WHERE u.id = p_user_id FOR UPDATE;
  reason := CASE
    WHEN person.id IS NULL THEN 'unknown'
    WHEN person.status <> 'active' THEN person.status
    WHEN person.locked_until > now() THEN 'locked'
    WHEN person.password_hash IS DISTINCT FROM p_compared_hash THEN 'changed'
    WHEN NOT p_is_right THEN 'wrong_password' END;
  IF reason = 'changed' THEN
    outcome := 'changed';
    RETURN;
  END IF;
  IF reason IS NOT NULL THEN
    IF reason = 'wrong_password' AND count_failed_proof(p_user_id) THEN reason := 'now_locked'; END IF;
    PERFORM record_auth_event(p_user_id, 'sign_in', 'failure', coalesce(person.role, 'customer') || ':' || coalesce(p_user_id::text, 'unknown'),
      NULL, p_origin, jsonb_build_object('reason', reason));
    RETURN;
  END IF;
  IF p_new_hash IS NOT NULL THEN
    UPDATE users SET password_hash = p_new_hash WHERE id = p_user_id;
  END IF;
  IF has_second_factor(p_user_id) THEN
    outcome := 'second_factor';
    INSERT INTO auth_tokens (token_hash, user_id, purpose, expires_at, session_kind)
    VALUES (p_challenge_hash, p_user_id, 'second_factor', now() + interval '5 minutes', p_session ->> 'kind');
  ELSE
    outcome := 'signed_in';
    SELECT o.* INTO session_id, user_id, role, email, is_restricted, expires_at
    FROM open_session(p_user_id, p_session, p_origin, '{"factors": ["password"]}') AS o;
  END IF;
END $$;
--> statement-breakpoint
-- Ends a sign-in with its second factor. `outcome`: refused or signed_in. A challenge that was used or ended meanwhile
-- costs no code.
CREATE OR REPLACE FUNCTION end_second_factor(
  p_challenge_hash text, p_step bigint, p_recovery_hash text, p_session jsonb, p_origin jsonb,
  OUT outcome text, OUT session_id uuid, OUT user_id uuid, OUT role text, OUT email text, OUT is_restricted boolean,
  OUT expires_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
  reason text;
BEGIN
  outcome := 'refused';
  SELECT u.* INTO person FROM users AS u JOIN auth_tokens AS t ON t.user_id = u.id
  WHERE t.token_hash = p_challenge_hash AND t.purpose = 'second_factor' FOR UPDATE OF u;
  IF person.id IS NULL THEN RETURN; END IF;
  reason := CASE
    WHEN person.status <> 'active' THEN person.status
    WHEN person.locked_until > now() THEN 'locked'
    WHEN NOT EXISTS (
      SELECT FROM auth_tokens AS t WHERE t.token_hash = p_challenge_hash AND t.consumed_at IS NULL AND t.expires_at > now()
    ) THEN 'challenge_over' END;
  IF reason IS NULL AND NOT take_code(person.id, p_step, p_recovery_hash) THEN
    reason := CASE WHEN count_failed_proof(person.id) THEN 'now_locked' WHEN p_step IS NULL THEN 'wrong_code' ELSE 'repeated_code' END;
  END IF;
  IF reason IS NOT NULL THEN
    PERFORM record_auth_event(person.id, 'second_factor', 'failure', person.role || ':' || person.id, NULL, p_origin,
      jsonb_build_object('reason', reason));
    RETURN;
  END IF;
  UPDATE auth_tokens SET consumed_at = now() WHERE token_hash = p_challenge_hash;
  outcome := 'signed_in';
  SELECT o.* INTO session_id, user_id, role, email, is_restricted, expires_at
  FROM open_session(person.id, p_session, p_origin, jsonb_build_object('factors',
    jsonb_build_array('password', CASE WHEN p_step IS NULL THEN 'recovery_code' ELSE 'totp' END))) AS o;
END $$;
--> statement-breakpoint
-- Exchanges a refresh token for the next one. `outcome`:
--   rotated   p_new_hash is the session's token now
--   repeated  it was exchanged less than 10 s ago, by a request whose answer was lost, or by one beside this: the
--             successor is the one of then (`sealed_successor`)
--   refused   unknown or over, or its session is
--   reused    it was exchanged before: somebody else has it, and the session ends
CREATE OR REPLACE FUNCTION rotate_refresh_token(
  p_hash text, p_new_hash text, p_sealed_successor text, p_origin jsonb,
  OUT outcome text, OUT sealed_successor text, OUT session_id uuid, OUT user_id uuid, OUT role text, OUT email text,
  OUT is_restricted boolean, OUT expires_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  token refresh_tokens;
  session sessions;
  person users;
BEGIN
  outcome := 'refused';
  SELECT s.* INTO session FROM sessions AS s JOIN refresh_tokens AS t ON t.session_id = s.id
  WHERE t.token_hash = p_hash FOR UPDATE OF s;
  -- Behind the session's lock: what others made of the token is seen.
  SELECT * INTO token FROM refresh_tokens WHERE token_hash = p_hash FOR UPDATE;
  SELECT * INTO person FROM users WHERE id = session.user_id;
  IF token.expires_at > clock_timestamp() AND is_session_open(session, person) THEN
    IF token.consumed_at IS NULL THEN
      outcome := 'rotated';
      sealed_successor := p_sealed_successor;
      IF person.role = 'customer' THEN session.expires_at := now() + interval '30 days'; END IF;
      UPDATE refresh_tokens AS t SET consumed_at = clock_timestamp(), successor_hash = p_new_hash,
        sealed_successor = p_sealed_successor
      WHERE t.token_hash = p_hash AND t.consumed_at IS NULL;
      INSERT INTO refresh_tokens (token_hash, session_id, expires_at) VALUES (p_new_hash, session.id, session.expires_at);
      UPDATE sessions AS s SET last_seen_at = clock_timestamp(), expires_at = session.expires_at WHERE s.id = session.id;
    ELSIF token.consumed_at <= clock_timestamp() - interval '10 seconds' THEN
      outcome := 'reused';
      UPDATE sessions AS s SET revoked_at = clock_timestamp(), revoked_reason = 'token_reused' WHERE s.id = session.id;
      PERFORM record_auth_event(person.id, 'token_reuse', 'failure', person.role || ':' || person.id, session.id, p_origin);
      RETURN;
    ELSIF EXISTS (SELECT 1 FROM refresh_tokens WHERE token_hash = token.successor_hash AND consumed_at IS NULL) THEN
      outcome := 'repeated';
      sealed_successor := token.sealed_successor;
    ELSE
      RETURN;
    END IF;
    session_id := session.id;
    user_id := person.id;
    role := person.role;
    email := person.email;
    is_restricted := person.role <> 'customer' AND NOT has_second_factor(person.id);
    expires_at := session.expires_at;
  END IF;
END $$;
--> statement-breakpoint
-- Ends what begin_confirmation began: the session counts as fresh for five minutes when the password is right and, where
-- there is a second factor, a code is taken. False for anything else; what is wrong counts as a wrong proof.
CREATE OR REPLACE FUNCTION end_confirmation(
  p_session_id uuid, p_user_id uuid, p_is_right boolean, p_step bigint, p_recovery_hash text, p_origin jsonb
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  person users;
  reason text;
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  PERFORM FROM sessions WHERE id = p_session_id AND user_id = p_user_id AND revoked_at IS NULL FOR UPDATE;
  reason := CASE
    WHEN NOT FOUND THEN 'session_over'
    WHEN person.status IS DISTINCT FROM 'active' THEN 'not_active'
    WHEN person.locked_until > now() THEN 'locked' END;
  IF reason IS NULL THEN
    reason := CASE
      WHEN NOT p_is_right THEN 'wrong_password'
      WHEN has_second_factor(p_user_id) AND NOT take_code(p_user_id, p_step, p_recovery_hash) THEN 'wrong_code' END;
    IF reason IS NULL THEN
      UPDATE users SET failed_count = 0, lock_count = 0, locked_until = NULL WHERE id = p_user_id;
      UPDATE sessions SET confirmed_at = now() WHERE id = p_session_id;
    ELSIF count_failed_proof(p_user_id) THEN
      reason := 'now_locked';
    END IF;
  END IF;
  PERFORM record_auth_event(p_user_id, 'confirmation', CASE WHEN reason IS NULL THEN 'success' ELSE 'failure' END,
    person.role || ':' || p_user_id, p_session_id, p_origin,
    CASE WHEN reason IS NULL THEN '{}' ELSE jsonb_build_object('reason', reason) END);
  RETURN reason IS NULL;
END $$;
--> statement-breakpoint
-- The same, for a password that was compared before the lock: p_right_hash, which must still be the user's, or null where
-- it was wrong.
CREATE FUNCTION end_compared_confirmation(
  p_session_id uuid, p_user_id uuid, p_right_hash text, p_step bigint, p_recovery_hash text, p_origin jsonb
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  present text;
BEGIN
  SELECT password_hash INTO present FROM users WHERE id = p_user_id FOR UPDATE;
  RETURN end_confirmation(p_session_id, p_user_id, coalesce(present = p_right_hash, false), p_step, p_recovery_hash, p_origin);
END $$;
--> statement-breakpoint
-- Ends sessions of a user, all of them or all but p_except, and sign-ins that wait for a code. Answers how many
-- sessions. Locks the user's row first: a sign-in beside this is either seen here, or sees what the caller changed.
CREATE OR REPLACE FUNCTION revoke_sessions(p_user_id uuid, p_except uuid, p_reason text) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  revoked integer;
BEGIN
  PERFORM FROM users WHERE id = p_user_id FOR UPDATE;
  UPDATE sessions SET revoked_at = now(), revoked_reason = p_reason
  WHERE user_id = p_user_id AND revoked_at IS NULL AND id IS DISTINCT FROM p_except;
  GET DIAGNOSTICS revoked = ROW_COUNT;
  UPDATE auth_tokens SET consumed_at = now()
  WHERE user_id = p_user_id AND purpose = 'second_factor' AND consumed_at IS NULL;
  RETURN revoked;
END $$;
--> statement-breakpoint
-- Ends one session of a user: p_from_id, from which the request comes, or another. False where there is none to end.
CREATE FUNCTION end_session(p_session_id uuid, p_user_id uuid, p_from_id uuid, p_origin jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  is_own boolean := p_session_id = p_from_id;
BEGIN
  UPDATE sessions SET revoked_at = now(), revoked_reason = CASE WHEN is_own THEN 'signed_out' ELSE 'revoked' END
  WHERE id = p_session_id AND user_id = p_user_id AND revoked_at IS NULL;
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_auth_event(p_user_id, CASE WHEN is_own THEN 'sign_out' ELSE 'session_revoked' END, 'success',
    (SELECT role FROM users WHERE id = p_user_id) || ':' || p_user_id, p_from_id, p_origin,
    CASE WHEN is_own THEN '{}' ELSE jsonb_build_object('session_id', p_session_id) END);
  RETURN true;
END $$;
--> statement-breakpoint
-- Ends all sessions of a user, or all but the one that the request comes from. Answers how many.
CREATE FUNCTION end_sessions(p_user_id uuid, p_from_id uuid, p_is_from_kept boolean, p_origin jsonb)
RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  ended integer := revoke_sessions(p_user_id, CASE WHEN p_is_from_kept THEN p_from_id END, 'signed_out');
BEGIN
  PERFORM record_auth_event(p_user_id, 'sign_out_all', 'success',
    (SELECT role FROM users WHERE id = p_user_id) || ':' || p_user_id, p_from_id, p_origin,
    jsonb_build_object('sessions', ended));
  RETURN ended;
END $$;
--> statement-breakpoint
-- Changes the name that somebody goes by.
CREATE FUNCTION change_name(p_user_id uuid, p_name text, p_from_id uuid, p_origin jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  UPDATE users SET name = p_name, updated_at = now() WHERE id = p_user_id AND name IS DISTINCT FROM p_name
  RETURNING * INTO person;
  IF FOUND THEN
    PERFORM record_auth_event(p_user_id, 'profile_change', 'success', person.role || ':' || p_user_id, p_from_id, p_origin);
  END IF;
END $$;
--> statement-breakpoint
CREATE INDEX "refresh_tokens_expires_at" ON "refresh_tokens" USING btree ("expires_at");
--> statement-breakpoint
CREATE INDEX "refresh_tokens_sealed" ON "refresh_tokens" USING btree ("consumed_at") WHERE "refresh_tokens"."sealed_successor" is not null;
