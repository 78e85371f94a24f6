ALTER TABLE "auth_tokens" ADD COLUMN "name" text;
--> statement-breakpoint
-- Accounts of who comes in by mail. A link's token is taken on the UPDATE's own WHERE, behind the lock on the user's
-- row: of several at once one succeeds, and every other link of that user is over with it.

-- Counts something that may send a mail: by network address (the first three columns), and by the address that the mail
-- would go to (may_mail). The second says nothing in the answer: it would tell what others ask for.
CREATE FUNCTION count_mail(
  p_kind text, p_email_hash text, p_network text,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT may_mail boolean
) LANGUAGE plpgsql AS $$
BEGIN
  SELECT c.* INTO is_allowed, remaining, resets_in FROM count_attempt(p_kind || ':address:' || p_network, 100, 900) AS c;
  may_mail := false;
  IF is_allowed THEN
    SELECT c.is_allowed INTO may_mail FROM count_attempt(p_kind || ':account:' || p_email_hash, 5, 3600) AS c;
  END IF;
END $$;
--> statement-breakpoint
-- Notes what somebody asks for with an address alone, which may be nobody's.
CREATE FUNCTION record_request(p_person users, p_event_type text, p_reason text, p_origin jsonb) RETURNS void LANGUAGE sql AS $$
  SELECT record_auth_event(p_person.id, p_event_type, CASE WHEN p_reason IS NULL THEN 'success' ELSE 'failure' END,
    coalesce(p_person.role, 'customer') || ':' || coalesce(p_person.id::text, 'unknown'), NULL, p_origin,
    jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
$$;
--> statement-breakpoint
-- Signs somebody up, and answers which mail the address gets: verify, for an address that nobody has proven: its link is
-- p_token_hash, and with it the account gets the password and the name of this very sign-up; exists, for a taken one;
-- null where it gets no mail. Staff that was invited is taken: a stranger's password must not open that account.
CREATE FUNCTION sign_up(
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
    SET updated_at = CASE WHEN present.status = 'unverified' THEN now() ELSE present.updated_at END
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
-- Makes a link for a new password, for half an hour, where the address is somebody's. is_mailed: the mail is to be sent.
CREATE FUNCTION forgot_password(
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
-- What a link's use is called in auth_events.
CREATE FUNCTION event_of_link(p_purpose text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE p_purpose WHEN 'verify_email' THEN 'email_verified' WHEN 'reset_password' THEN 'password_reset'
    WHEN 'change_email' THEN 'email_change' WHEN 'invitation' THEN 'invitation_accepted' END;
$$;
--> statement-breakpoint
-- Notes that a link was tried which is used or over. One that never was is nobody's.
CREATE FUNCTION record_refused_link(p_token_hash text, p_purpose text, p_origin jsonb) RETURNS void LANGUAGE sql AS $$
  SELECT record_auth_event(u.id, event_of_link(p_purpose), 'failure', u.role || ':' || u.id, NULL, p_origin,
    jsonb_build_object('reason', CASE WHEN t.consumed_at IS NULL THEN 'link_over' ELSE 'link_used' END))
  FROM auth_tokens AS t JOIN users AS u ON u.id = t.user_id WHERE t.token_hash = p_token_hash AND t.purpose = p_purpose;
$$;
--> statement-breakpoint
-- Counts a try at a link by network address, and answers whether it may still be used. It promises nothing: take_link
-- does.
CREATE FUNCTION begin_link(
  p_token_hash text, p_purpose text, p_network text, p_origin jsonb,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT is_live boolean
) LANGUAGE plpgsql AS $$
BEGIN
  SELECT c.* INTO is_allowed, remaining, resets_in FROM count_attempt('link:address:' || p_network, 100, 900) AS c;
  is_live := false;
  IF NOT is_allowed THEN RETURN; END IF;
  is_live := EXISTS (
    SELECT 1 FROM auth_tokens
    WHERE token_hash = p_token_hash AND purpose = p_purpose AND consumed_at IS NULL AND expires_at > now()
  );
  IF NOT is_live THEN PERFORM record_refused_link(p_token_hash, p_purpose, p_origin); END IF;
END $$;
--> statement-breakpoint
-- Takes a link's token, once, and holds the lock on its user's row. Every other link and challenge of that user is over
-- with it. Answers a row of nulls for one that is unknown, used or over.
CREATE FUNCTION take_link(p_token_hash text, p_purpose text, p_origin jsonb) RETURNS auth_tokens LANGUAGE plpgsql AS $$
DECLARE
  token auth_tokens;
BEGIN
  PERFORM FROM users AS u JOIN auth_tokens AS t ON t.user_id = u.id WHERE t.token_hash = p_token_hash FOR UPDATE OF u;
  UPDATE auth_tokens SET consumed_at = now()
  WHERE token_hash = p_token_hash AND purpose = p_purpose AND consumed_at IS NULL AND expires_at > now()
  RETURNING * INTO token;
  IF FOUND THEN
    UPDATE auth_tokens SET consumed_at = now() WHERE user_id = token.user_id AND consumed_at IS NULL;
  ELSE
    PERFORM record_refused_link(p_token_hash, p_purpose, p_origin);
  END IF;
  RETURN token;
END $$;
--> statement-breakpoint
-- Notes that a link did what it is for.
CREATE FUNCTION record_used_link(p_user_id uuid, p_purpose text, p_origin jsonb) RETURNS void LANGUAGE sql AS $$
  SELECT record_auth_event(u.id, event_of_link(p_purpose), 'success', u.role || ':' || u.id, NULL, p_origin)
  FROM users AS u WHERE u.id = p_user_id;
$$;
--> statement-breakpoint
-- Proves an address by the link of a sign-up, and lets its owner in with the password of that sign-up. Never staff:
-- whoever signed up with the address of somebody who was made staff since chose that password.
CREATE FUNCTION verify_email(p_token_hash text, p_origin jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  token auth_tokens := take_link(p_token_hash, 'verify_email', p_origin);
BEGIN
  UPDATE users SET password_hash = token.password_hash, password_changed_at = now(), name = coalesce(token.name, name),
    status = 'active', email_verified_at = now(), updated_at = now()
  WHERE id = token.user_id AND status = 'unverified' AND role = 'customer';
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_used_link(token.user_id, 'verify_email', p_origin);
  RETURN true;
END $$;
--> statement-breakpoint
-- Sets a new password by a mail's link: proves the address, unlocks, and ends every session. A disabled account stays
-- disabled.
CREATE FUNCTION reset_password(
  p_token_hash text, p_password_hash text, p_origin jsonb, OUT is_reset boolean, OUT email text
) LANGUAGE plpgsql AS $$
DECLARE
  token auth_tokens := take_link(p_token_hash, 'reset_password', p_origin);
BEGIN
  UPDATE users AS u SET password_hash = p_password_hash, password_changed_at = now(),
    status = CASE WHEN u.status = 'unverified' THEN 'active' ELSE u.status END,
    email_verified_at = coalesce(u.email_verified_at, now()),
    failed_count = 0, lock_count = 0, locked_until = NULL, updated_at = now()
  WHERE u.id = token.user_id AND u.status <> 'deleted' RETURNING u.email INTO reset_password.email;
  is_reset := FOUND;
  IF is_reset THEN
    PERFORM revoke_sessions(token.user_id, NULL, 'password_reset');
    PERFORM record_used_link(token.user_id, 'reset_password', p_origin);
  END IF;
END $$;
--> statement-breakpoint
-- Opens the account that an admin made: its owner has the link, and with it proves the address and chooses the password.
CREATE FUNCTION accept_invitation(p_token_hash text, p_password_hash text, p_origin jsonb) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
  token auth_tokens := take_link(p_token_hash, 'invitation', p_origin);
BEGIN
  UPDATE users SET password_hash = p_password_hash, password_changed_at = now(), status = 'active',
    email_verified_at = now(), updated_at = now()
  WHERE id = token.user_id AND status = 'unverified';
  IF NOT FOUND THEN RETURN false; END IF;
  PERFORM record_used_link(token.user_id, 'invitation', p_origin);
  RETURN true;
END $$;
--> statement-breakpoint
-- Changes the password of who has just given the present one (p_right_hash: the hash that it was compared with, which
-- must still be the user's; null where it was wrong), and a code where there is a second factor. Ends every other session,
-- and every link.
CREATE FUNCTION change_password(
  p_session_id uuid, p_user_id uuid, p_right_hash text, p_new_hash text, p_step bigint, p_recovery_hash text,
  p_origin jsonb, OUT is_changed boolean, OUT email text
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
  is_changed := end_confirmation(p_session_id, p_user_id, coalesce(person.password_hash = p_right_hash, false), p_step,
    p_recovery_hash, p_origin);
  IF NOT is_changed THEN RETURN; END IF;
  email := person.email;
  UPDATE users SET password_hash = p_new_hash, password_changed_at = now(), updated_at = now() WHERE id = p_user_id;
  UPDATE auth_tokens SET consumed_at = now() WHERE user_id = p_user_id AND consumed_at IS NULL;
  PERFORM revoke_sessions(p_user_id, p_session_id, 'password_changed');
  PERFORM record_auth_event(p_user_id, 'password_change', 'success', person.role || ':' || p_user_id, p_session_id, p_origin);
END $$;
--> statement-breakpoint
-- Begins a change of address, and answers which mail the new one gets: prove, a link (p_token_hash) for a day, in place of
-- the one before; exists, where it is somebody else's; null where it gets no more mail. unchanged: it is the user's already.
CREATE FUNCTION begin_email_change(
  p_session_id uuid, p_user_id uuid, p_email text, p_email_hash text, p_token_hash text, p_origin jsonb,
  OUT is_allowed boolean, OUT remaining integer, OUT resets_in integer, OUT mail text, OUT old_email text
) LANGUAGE plpgsql AS $$
DECLARE
  person users;
BEGIN
  SELECT c.* INTO is_allowed, remaining, resets_in FROM count_attempt('change_email:user:' || p_user_id, 10, 3600) AS c;
  IF NOT is_allowed THEN RETURN; END IF;
  SELECT * INTO person FROM users WHERE id = p_user_id FOR UPDATE;
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
-- Changes the address by the link that its new one was sent. What somebody signed up with that address, and never proved,
-- gives way. `outcome`: changed, refused (the link is unknown, used or over), taken (somebody has proven it since).
CREATE FUNCTION end_email_change(
  p_token_hash text, p_origin jsonb, OUT outcome text, OUT old_email text, OUT new_email text
) LANGUAGE plpgsql AS $$
DECLARE
  token auth_tokens := take_link(p_token_hash, 'change_email', p_origin);
BEGIN
  outcome := 'refused';
  SELECT u.email INTO old_email FROM users AS u WHERE u.id = token.user_id AND u.status = 'active';
  IF old_email IS NULL THEN RETURN; END IF;
  new_email := token.new_email;
  DELETE FROM users AS u WHERE u.email = token.new_email AND u.status = 'unverified' AND u.role = 'customer';
  BEGIN
    UPDATE users AS u SET email = token.new_email, email_verified_at = now(), updated_at = now() WHERE u.id = token.user_id;
    outcome := 'changed';
    PERFORM record_used_link(token.user_id, 'change_email', p_origin);
  EXCEPTION WHEN unique_violation THEN
    outcome := 'taken';
  END;
END $$;
--> statement-breakpoint
-- Deletes what is long over: links and challenges a week after their end, sign-ups and invitations that nobody has come
-- back to for a week, counters whose window is over. p_limit of each at most; answers the most that any had. A row that
-- came back to life in the meantime stays: each condition stands on the row itself.
CREATE FUNCTION forget_proofs(p_limit integer) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
  tokens integer;
  people integer;
  counters integer;
BEGIN
  DELETE FROM auth_tokens WHERE expires_at < now() - interval '7 days' AND token_hash IN (
    SELECT token_hash FROM auth_tokens WHERE expires_at < now() - interval '7 days' LIMIT p_limit);
  GET DIAGNOSTICS tokens = ROW_COUNT;
  DELETE FROM users WHERE status = 'unverified' AND updated_at < now() - interval '7 days' AND id IN (
    SELECT u.id FROM users AS u
    WHERE u.status = 'unverified' AND u.created_at < now() - interval '7 days' AND u.updated_at < now() - interval '7 days'
      AND NOT EXISTS (
        SELECT 1 FROM auth_tokens AS t WHERE t.user_id = u.id AND t.consumed_at IS NULL AND t.expires_at > now())
    LIMIT p_limit);
  GET DIAGNOSTICS people = ROW_COUNT;
  DELETE FROM rate_limits WHERE ends_at <= now() AND bucket IN (
    SELECT bucket FROM rate_limits WHERE ends_at <= now() LIMIT p_limit);
  GET DIAGNOSTICS counters = ROW_COUNT;
  RETURN greatest(tokens, people, counters);
END $$;
