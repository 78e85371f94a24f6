-- Whether somebody is the only admin who can get in. What takes an admin away (by deletion, disabling, another role)
-- asks this in its own transaction, before it locks or changes any row: of several at once each then sees what the ones
-- before it did, and two of them never wait for each other.
CREATE FUNCTION is_last_admin(p_user_id uuid) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_advisory_xact_lock(hashtextextended('ratecard admins', 0));
  RETURN EXISTS (SELECT FROM users WHERE id = p_user_id AND role = 'admin' AND status = 'active')
    AND NOT EXISTS (SELECT FROM users WHERE id <> p_user_id AND role = 'admin' AND status = 'active');
END $$;
