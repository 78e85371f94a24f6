CREATE INDEX "auth_events_user_type" ON "auth_events" USING btree ("user_id","event_type","created_at","id");
--> statement-breakpoint
CREATE INDEX "users_not_active" ON "users" USING btree ("status","created_at","id") WHERE "users"."status" <> 'active';
--> statement-breakpoint
CREATE INDEX "users_locked" ON "users" USING btree ("locked_until") WHERE "users"."locked_until" is not null;
--> statement-breakpoint
-- Raises RC401 when who asks is no admin any more: it was one when its request came in, and may have been taken away
-- since. p_actor: {"label", "user_id", "session_id"}; without a user it is an operator's script.
CREATE FUNCTION require_admin(p_actor jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_actor ->> 'user_id' IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM users WHERE id = (p_actor ->> 'user_id')::uuid AND role = 'admin' AND status = 'active'
  ) THEN
    RAISE EXCEPTION 'no admin any more' USING ERRCODE = 'RC401';
  END IF;
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
CREATE FUNCTION change_user(
  p_user_id uuid, p_action text, p_role text, p_reason text, p_actor jsonb, p_origin jsonb, OUT outcome text
) LANGUAGE plpgsql AS $$
DECLARE
  is_last boolean := is_last_admin(p_user_id);
  person users;
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
    WHEN 'remove_second_factor' THEN
      DELETE FROM recovery_codes WHERE user_id = p_user_id;
      DELETE FROM totp_factors WHERE user_id = p_user_id;
    WHEN 'change_role' THEN
      UPDATE users SET role = p_role, updated_at = now() WHERE id = p_user_id AND role <> p_role;
      told := told || jsonb_build_object('from', person.role, 'to', p_role);
    WHEN 'revoke_sessions' THEN
      PERFORM FROM sessions WHERE user_id = p_user_id AND revoked_at IS NULL;
  END CASE;
  IF NOT FOUND THEN
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
-- Makes an account without a password, and the only link that opens it: p_token_hash, for a day. Of an account that is
-- pending already every link before dies, also that of a sign-up, whose password somebody else may have chosen.
-- `outcome`: invited, or taken where somebody has the address.
CREATE FUNCTION invite_user(
  p_email text, p_name text, p_role text, p_token_hash text, p_actor jsonb, p_origin jsonb,
  OUT outcome text, OUT user_id uuid
) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM require_admin(p_actor);
  INSERT INTO users AS present (email, name, role, status) VALUES (p_email, p_name, p_role, 'unverified')
  ON CONFLICT (email) DO UPDATE SET role = p_role, name = coalesce(p_name, present.name), updated_at = now()
    WHERE present.status = 'unverified' AND present.email_verified_at IS NULL
  RETURNING id INTO invite_user.user_id;
  IF invite_user.user_id IS NULL THEN
    outcome := 'taken';
    RETURN;
  END IF;
  outcome := 'invited';
  UPDATE auth_tokens AS t SET consumed_at = now() WHERE t.user_id = invite_user.user_id AND t.consumed_at IS NULL;
  INSERT INTO auth_tokens (token_hash, user_id, purpose, expires_at)
  VALUES (p_token_hash, invite_user.user_id, 'invitation', now() + interval '24 hours');
  PERFORM record_auth_event(invite_user.user_id, 'invitation', 'success', p_actor ->> 'label',
    (p_actor ->> 'session_id')::uuid, p_origin, jsonb_build_object('role', p_role));
END $$;
