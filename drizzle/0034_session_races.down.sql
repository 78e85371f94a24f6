DROP INDEX "refresh_tokens_sealed";
--> statement-breakpoint
DROP INDEX "refresh_tokens_expires_at";
--> statement-breakpoint
DROP FUNCTION change_name(uuid, text, uuid, jsonb);
--> statement-breakpoint
DROP FUNCTION end_sessions(uuid, uuid, boolean, jsonb);
--> statement-breakpoint
DROP FUNCTION end_session(uuid, uuid, uuid, jsonb);
--> statement-breakpoint
CREATE OR REPLACE FUNCTION revoke_sessions(p_user_id uuid, p_except uuid, p_reason text) RETURNS integer LANGUAGE sql AS $$
  WITH revoked AS (
    UPDATE sessions SET revoked_at = now(), revoked_reason = p_reason
    WHERE user_id = p_user_id AND revoked_at IS NULL AND id IS DISTINCT FROM p_except RETURNING 1
  )
  SELECT count(*)::integer FROM revoked;
$$;
--> statement-breakpoint
DROP FUNCTION end_compared_confirmation(uuid, uuid, text, bigint, text, jsonb);
--> statement-breakpoint
CREATE OR REPLACE FUNCTION end_confirmation(
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
DROP FUNCTION end_sign_in(uuid, text, boolean, text, jsonb, text, jsonb);
--> statement-breakpoint
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
DROP FUNCTION require_session(uuid, uuid, text, boolean);
--> statement-breakpoint
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
CREATE OR REPLACE FUNCTION touch_session(p_session sessions) RETURNS void LANGUAGE sql AS $$
  UPDATE sessions SET last_seen_at = now()
  WHERE p_session.last_seen_at < now() - interval '1 minute' AND id = p_session.id AND last_seen_at < now() - interval '1 minute';
$$;
--> statement-breakpoint
CREATE OR REPLACE FUNCTION is_session_open(p_session sessions, p_user users) RETURNS boolean LANGUAGE sql STABLE AS $$
  SELECT coalesce(
    p_session.revoked_at IS NULL AND p_session.expires_at > now() AND p_user.status = 'active'
    AND (p_session.idle_seconds IS NULL
      OR p_session.last_seen_at > now() - make_interval(secs => p_session.idle_seconds)), false);
$$;
