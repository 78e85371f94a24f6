-- The second factor: how it is set up, replaced and removed, and its recovery codes. Each change stands behind the lock
-- on the user's row: of several at once one is done after the other.

-- Keeps a secret that is to become somebody's second factor, for ten minutes. The newest one counts.
CREATE FUNCTION begin_enrolment(p_user_id uuid, p_sealed_secret text) RETURNS timestamptz LANGUAGE sql AS $$
  INSERT INTO totp_factors AS present (user_id, pending_secret, pending_until)
  VALUES (p_user_id, p_sealed_secret, now() + interval '10 minutes')
  ON CONFLICT (user_id) DO UPDATE SET pending_secret = excluded.pending_secret, pending_until = excluded.pending_until
  RETURNING pending_until;
$$;
--> statement-breakpoint
-- One try at the code that confirms it: counts it, and answers the secret; null when there is none, or it is over.
CREATE FUNCTION try_enrolment(
  p_user_id uuid, OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT pending_secret text
) LANGUAGE plpgsql AS $$
BEGIN
  SELECT c.is_allowed, c.remaining, c.resets_in INTO is_allowed, remaining, resets_in
  FROM count_attempt('enrolment:account:' || p_user_id, 30, 900) AS c;
  SELECT f.pending_secret INTO pending_secret FROM totp_factors AS f
  WHERE f.user_id = p_user_id AND f.pending_until > now();
END $$;
--> statement-breakpoint
-- Puts new recovery codes, given as a JSON array of hashes, in the place of all that somebody has. Needs the lock on the
-- user's row.
CREATE FUNCTION replace_recovery_codes(p_user_id uuid, p_hashes jsonb) RETURNS void LANGUAGE sql AS $$
  DELETE FROM recovery_codes WHERE user_id = p_user_id;
  INSERT INTO recovery_codes (user_id, code_hash) SELECT p_user_id, jsonb_array_elements_text(p_hashes);
$$;
--> statement-breakpoint
-- What began with the factor of before, or without one, ends: other sessions, and sign-ins that wait for a code.
CREATE FUNCTION leave_old_factor(p_user_id uuid, p_session_id uuid, p_reason text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM revoke_sessions(p_user_id, p_session_id, p_reason);
  DELETE FROM auth_tokens WHERE user_id = p_user_id AND purpose = 'second_factor';
END $$;
--> statement-breakpoint
-- Makes the pending secret that p_pending_secret is the second factor, with p_step as the last step whose code was
-- taken. `outcome`: enabled, replaced (there was another one before), or over (somebody confirmed it before, or began
-- anew). p_step is null for a wrong code, which is noted: refused. `email` is the address to write to.
CREATE FUNCTION end_enrolment(
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
    person.role || ':' || p_user_id, p_session_id, p_origin, jsonb_build_object('outcome', outcome));
END $$;
--> statement-breakpoint
-- Removes somebody's second factor and recovery codes. `outcome`: removed, absent, or required (staff must have one).
CREATE FUNCTION remove_second_factor(
  p_user_id uuid, p_session_id uuid, p_origin jsonb, OUT outcome text, OUT email text
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  outcome := CASE
    WHEN person.role <> 'customer' THEN 'required' WHEN NOT has_second_factor(p_user_id) THEN 'absent' ELSE 'removed' END;
  IF outcome <> 'removed' THEN RETURN; END IF;
  DELETE FROM totp_factors WHERE user_id = p_user_id;
  DELETE FROM recovery_codes WHERE user_id = p_user_id;
  PERFORM leave_old_factor(p_user_id, p_session_id, 'second_factor_removed');
  PERFORM record_auth_event(p_user_id, 'second_factor_removed', 'success', person.role || ':' || p_user_id, p_session_id,
    p_origin);
  email := person.email;
END $$;
--> statement-breakpoint
-- Gives somebody with a second factor new recovery codes; the old ones die. Not without a factor.
CREATE FUNCTION renew_recovery_codes(
  p_user_id uuid, p_session_id uuid, p_recovery_hashes jsonb, p_origin jsonb, OUT is_renewed boolean, OUT email text
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  is_renewed := has_second_factor(p_user_id);
  IF NOT is_renewed THEN RETURN; END IF;
  PERFORM replace_recovery_codes(p_user_id, p_recovery_hashes);
  PERFORM record_auth_event(p_user_id, 'recovery_codes_renewed', 'success', person.role || ':' || p_user_id, p_session_id,
    p_origin);
  email := person.email;
END $$;
