DROP FUNCTION is_last_admin(uuid);
