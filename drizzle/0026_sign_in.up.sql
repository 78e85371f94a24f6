-- Identity: what happened to whose account, limits, sessions, and the way in.
--
-- All of it goes by the database's clock. Guards stand on the statement that changes the row, or behind a lock on the
-- user's row: of several that come at once each sees what the others did. `p_origin` is where a request came from:
-- {"address", "agent", "request_id"}.

CREATE TRIGGER append_only BEFORE UPDATE OR TRUNCATE
  ON auth_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER kept_for_a_year BEFORE DELETE ON auth_events FOR EACH ROW
  WHEN (OLD.created_at > now() - interval '1 year') EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE FUNCTION record_auth_event(
  p_user_id uuid, p_event_type text, p_outcome text, p_actor text, p_session_id uuid, p_origin jsonb,
  p_details jsonb DEFAULT '{}'
) RETURNS void LANGUAGE sql AS $$
  INSERT INTO auth_events (user_id, event_type, outcome, actor, session_id, address, agent, request_id, details)
  VALUES (p_user_id, p_event_type, p_outcome, p_actor, p_session_id, p_origin ->> 'address', p_origin ->> 'agent',
    p_origin ->> 'request_id', p_details);
$$;
--> statement-breakpoint
-- Counts one more into a bucket, and answers whether that is still within p_limit for the window, how many are left,
-- and in how many seconds the window is over.
CREATE FUNCTION count_attempt(
  p_bucket text, p_limit integer, p_window_seconds integer,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer
) LANGUAGE sql AS $$
  INSERT INTO rate_limits AS present (bucket, count, ends_at)
  VALUES (p_bucket, 1, now() + make_interval(secs => p_window_seconds))
  ON CONFLICT (bucket) DO UPDATE SET
    count = CASE WHEN present.ends_at <= now() THEN 1 ELSE present.count + 1 END,
    ends_at = CASE WHEN present.ends_at <= now() THEN excluded.ends_at ELSE present.ends_at END
  RETURNING count <= p_limit, greatest(p_limit - count, 0), ceil(greatest(extract(epoch FROM ends_at - now()), 1))::integer;
$$;
--> statement-breakpoint
-- One more wrong password or code. Every tenth in a row locks the account: for a quarter of an hour, then twice as long
-- each time, up to a day. Needs the lock on the user's row.
CREATE FUNCTION count_failed_proof(p_user_id uuid) RETURNS boolean LANGUAGE sql AS $$
  UPDATE users SET
    failed_count = CASE WHEN failed_count >= 9 THEN 0 ELSE failed_count + 1 END,
    lock_count = lock_count + (failed_count >= 9)::integer,
    locked_until = CASE WHEN failed_count >= 9
      THEN now() + least(interval '15 minutes' * 2 ^ least(lock_count, 10), interval '1 day') ELSE locked_until END,
    updated_at = now()
  WHERE id = p_user_id RETURNING failed_count = 0;
$$;
--> statement-breakpoint
-- Whether somebody has a second factor that counts.
CREATE FUNCTION has_second_factor(p_user_id uuid) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT EXISTS (SELECT 1 FROM totp_factors WHERE user_id = p_user_id AND confirmed_at IS NOT NULL);
$$;
--> statement-breakpoint
-- Opens a session, and answers what its first access token says. p_session: {"id", "kind", "secret_hash",
-- "refresh_hash"}. Staff's lasts 12 h, and half an hour without use; a customer's 30 days, with tokens from each
-- exchange on.
CREATE FUNCTION open_session(
  p_user_id uuid, p_session jsonb, p_origin jsonb, p_details jsonb,
  OUT session_id uuid, OUT user_id uuid, OUT role text, OUT email text, OUT is_restricted boolean, OUT expires_at timestamptz
) LANGUAGE plpgsql AS $$
DECLARE
  is_staff boolean;
BEGIN
  UPDATE users SET failed_count = 0, lock_count = 0, locked_until = NULL, updated_at = now() WHERE id = p_user_id
  RETURNING users.id, users.role, users.email, users.role <> 'customer' AND NOT has_second_factor(users.id)
  INTO user_id, role, email, is_restricted;
  is_staff := role <> 'customer';
  session_id := (p_session ->> 'id')::uuid;
  expires_at := now() + CASE WHEN is_staff THEN interval '12 hours' ELSE interval '30 days' END;
  INSERT INTO sessions (id, user_id, kind, secret_hash, idle_seconds, expires_at, address, agent)
  VALUES (session_id, p_user_id, p_session ->> 'kind', p_session ->> 'secret_hash', CASE WHEN is_staff THEN 1800 END,
    open_session.expires_at, p_origin ->> 'address', p_origin ->> 'agent');
  IF p_session ->> 'kind' = 'token' THEN
    INSERT INTO refresh_tokens (token_hash, session_id, expires_at)
    VALUES (p_session ->> 'refresh_hash', session_id, least(open_session.expires_at, now() + interval '30 days'));
  END IF;
  PERFORM record_auth_event(p_user_id, 'sign_in', 'success', role || ':' || p_user_id, session_id, p_origin, p_details);
END $$;
--> statement-breakpoint
-- Begins a sign-in: counts it for its address and for the account it names, whether there is one or not, and answers
-- whose password to compare. `password_hash` is null where nobody has the address, or no password.
CREATE FUNCTION begin_sign_in(
  p_email text, p_email_hash text, p_address text,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT user_id uuid, OUT password_hash text
) LANGUAGE plpgsql AS $$
DECLARE
  by_address record;
  by_account record;
BEGIN
  by_address := count_attempt('sign_in:address:' || p_address, 100, 900);
  by_account := count_attempt('sign_in:account:' || p_email_hash, 30, 900);
  is_allowed := by_address.is_allowed AND by_account.is_allowed;
  remaining := least(by_address.remaining, by_account.remaining);
  resets_in := CASE WHEN by_address.remaining < by_account.remaining THEN by_address.resets_in ELSE by_account.resets_in END;
  SELECT u.id, u.password_hash INTO user_id, password_hash FROM users AS u WHERE u.email = p_email;
END $$;
--> statement-breakpoint
-- Ends what begin_sign_in began, once the password was compared. `outcome`:
--   refused        wrong, or nobody has the address, or the account is locked, disabled or unverified
--   signed_in      a session is open: the other columns say whose
--   second_factor  a code is wanted: p_challenge_hash is worth five tries, for five minutes
-- p_new_hash: the same password, hashed as passwords are today; null where it is already.
CREATE FUNCTION end_sign_in(
  p_user_id uuid, p_is_right boolean, p_new_hash text, p_session jsonb, p_challenge_hash text, p_origin jsonb,
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
    WHEN NOT p_is_right THEN 'wrong_password' END;
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
-- One try at the code that a challenge wants, of five. Answers whose it is, and the secret that the code is made of;
-- no row for a challenge that is unknown, used, over or worn out.
CREATE FUNCTION try_second_factor(p_challenge_hash text)
RETURNS TABLE (user_id uuid, session_kind text, sealed_secret text) LANGUAGE sql AS $$
  WITH challenge AS (
    UPDATE auth_tokens SET attempts = attempts + 1
    WHERE token_hash = p_challenge_hash AND purpose = 'second_factor' AND consumed_at IS NULL AND expires_at > now()
      AND attempts < 5
    RETURNING user_id, session_kind
  )
  SELECT challenge.user_id, challenge.session_kind, factor.sealed_secret
  FROM challenge JOIN totp_factors AS factor ON factor.user_id = challenge.user_id AND factor.confirmed_at IS NOT NULL;
$$;
--> statement-breakpoint
-- Takes a code, once: p_step, that of a time-based one that is right, or p_recovery_hash, that of a recovery code.
-- False when it was taken before, or when neither is given (the code was wrong).
CREATE FUNCTION take_code(p_user_id uuid, p_step bigint, p_recovery_hash text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  IF p_step IS NOT NULL THEN
    UPDATE totp_factors SET last_step = p_step
    WHERE user_id = p_user_id AND confirmed_at IS NOT NULL AND last_step < p_step;
  ELSE
    UPDATE recovery_codes SET used_at = now()
    WHERE user_id = p_user_id AND code_hash = p_recovery_hash AND used_at IS NULL;
  END IF;
  RETURN FOUND;
END $$;
--> statement-breakpoint
-- Ends a sign-in with its second factor. `outcome`: refused or signed_in.
CREATE FUNCTION end_second_factor(
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
  WHERE t.token_hash = p_challenge_hash FOR UPDATE OF u;
  IF person.id IS NULL THEN RETURN; END IF;
  IF person.status <> 'active' OR person.locked_until > now() THEN
    reason := CASE WHEN person.status <> 'active' THEN person.status ELSE 'locked' END;
  ELSIF NOT take_code(person.id, p_step, p_recovery_hash) THEN
    reason := CASE WHEN count_failed_proof(person.id) THEN 'now_locked' WHEN p_step IS NULL THEN 'wrong_code' ELSE 'repeated_code' END;
  ELSE
    UPDATE auth_tokens SET consumed_at = now() WHERE token_hash = p_challenge_hash AND consumed_at IS NULL;
    IF NOT FOUND THEN reason := 'challenge_used'; END IF;
  END IF;
  IF reason IS NOT NULL THEN
    PERFORM record_auth_event(person.id, 'second_factor', 'failure', person.role || ':' || person.id, NULL, p_origin,
      jsonb_build_object('reason', reason));
    RETURN;
  END IF;
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
CREATE FUNCTION rotate_refresh_token(
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
  SELECT * INTO token FROM refresh_tokens WHERE token_hash = p_hash FOR UPDATE;
  SELECT * INTO session FROM sessions WHERE id = token.session_id FOR UPDATE;
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
-- Whether a session may still be used: not revoked, over or left alone, and its user is let in.
CREATE FUNCTION is_session_open(p_session sessions, p_user users) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    p_session.revoked_at IS NULL AND p_session.expires_at > now() AND p_user.status = 'active'
    AND (p_session.idle_seconds IS NULL
      OR p_session.last_seen_at > now() - make_interval(secs => p_session.idle_seconds)), false);
$$;
--> statement-breakpoint
-- Notes that a session is used: once a minute is enough.
CREATE FUNCTION touch_session(p_session sessions) RETURNS void LANGUAGE sql AS $$
  UPDATE sessions SET last_seen_at = now()
  WHERE p_session.last_seen_at < now() - interval '1 minute' AND id = p_session.id AND last_seen_at < now() - interval '1 minute';
$$;
--> statement-breakpoint
-- Raises RC401 unless the session that an access token names is this user's, and may still be used.
CREATE FUNCTION require_session(p_session_id uuid, p_user_id uuid) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  session sessions;
  person users;
BEGIN
  SELECT * INTO session FROM sessions WHERE id = p_session_id AND user_id = p_user_id;
  SELECT * INTO person FROM users WHERE id = session.user_id;
  IF NOT is_session_open(session, person) THEN
    RAISE EXCEPTION 'the session is over' USING ERRCODE = 'RC401';
  END IF;
  PERFORM touch_session(session);
END $$;
--> statement-breakpoint
-- Raises RC403 unless password, and code where there is a second factor, were given within the last five minutes.
CREATE FUNCTION require_freshness(p_session_id uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM FROM sessions WHERE id = p_session_id AND revoked_at IS NULL AND confirmed_at > now() - interval '5 minutes';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'password and code were not given just now' USING ERRCODE = 'RC403';
  END IF;
END $$;
--> statement-breakpoint
-- Whose a browser's session is, while it may be used; no row otherwise.
CREATE FUNCTION find_cookie_session(p_secret_hash text)
RETURNS TABLE (session_id uuid, user_id uuid, role text, email text, is_restricted boolean) LANGUAGE plpgsql AS $$
DECLARE
  session sessions;
  person users;
BEGIN
  SELECT * INTO session FROM sessions WHERE secret_hash = p_secret_hash;
  SELECT * INTO person FROM users WHERE id = session.user_id;
  IF is_session_open(session, person) THEN
    PERFORM touch_session(session);
    RETURN QUERY SELECT session.id, person.id, person.role, person.email,
      person.role <> 'customer' AND NOT has_second_factor(person.id);
  END IF;
END $$;
--> statement-breakpoint
-- Begins to confirm who is at a session: counts it, and answers what to compare password and code with.
CREATE FUNCTION begin_confirmation(
  p_user_id uuid,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT password_hash text, OUT sealed_secret text
) LANGUAGE plpgsql AS $$
BEGIN
  SELECT c.is_allowed, c.remaining, c.resets_in INTO is_allowed, remaining, resets_in
  FROM count_attempt('confirm:account:' || p_user_id, 30, 900) AS c;
  SELECT u.password_hash INTO password_hash FROM users AS u WHERE u.id = p_user_id;
  SELECT f.sealed_secret INTO sealed_secret FROM totp_factors AS f
  WHERE f.user_id = p_user_id AND f.confirmed_at IS NOT NULL;
END $$;
--> statement-breakpoint
-- Ends it: the session counts as fresh for five minutes when the password is right and, where there is a second factor,
-- a code is taken. False for anything else, which counts as a wrong proof.
CREATE FUNCTION end_confirmation(
  p_session_id uuid, p_user_id uuid, p_is_right boolean, p_step bigint, p_recovery_hash text, p_origin jsonb
) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  person users;
  reason text;
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  reason := CASE WHEN person.status IS DISTINCT FROM 'active' THEN 'not_active' WHEN person.locked_until > now() THEN 'locked' END;
  IF reason IS NULL THEN
    IF NOT p_is_right THEN
      reason := 'wrong_password';
    ELSIF has_second_factor(p_user_id) AND NOT take_code(p_user_id, p_step, p_recovery_hash) THEN
      reason := 'wrong_code';
    ELSE
      UPDATE users SET failed_count = 0, lock_count = 0, locked_until = NULL WHERE id = p_user_id;
      UPDATE sessions SET confirmed_at = now() WHERE id = p_session_id AND user_id = p_user_id AND revoked_at IS NULL;
    END IF;
    IF reason IS NOT NULL AND count_failed_proof(p_user_id) THEN reason := 'now_locked'; END IF;
  END IF;
  PERFORM record_auth_event(p_user_id, 'confirmation', CASE WHEN reason IS NULL THEN 'success' ELSE 'failure' END,
    person.role || ':' || p_user_id, p_session_id, p_origin,
    CASE WHEN reason IS NULL THEN '{}' ELSE jsonb_build_object('reason', reason) END);
  RETURN reason IS NULL;
END $$;
--> statement-breakpoint
-- Ends sessions of a user: all of them, or all but p_except. Answers how many.
CREATE FUNCTION revoke_sessions(p_user_id uuid, p_except uuid, p_reason text) RETURNS integer LANGUAGE sql AS $$
  WITH revoked AS (
    UPDATE sessions SET revoked_at = now(), revoked_reason = p_reason
    WHERE user_id = p_user_id AND revoked_at IS NULL AND id IS DISTINCT FROM p_except RETURNING 1
  )
  SELECT count(*)::integer FROM revoked;
$$;
