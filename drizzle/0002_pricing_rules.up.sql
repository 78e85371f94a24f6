-- What the catalogue promises, held by the database itself, so that plain SQL cannot get around it:
-- offers of one item never overlap, an offer never changes, and every change has its row in pricing_history.

CREATE EXTENSION IF NOT EXISTS btree_gist;
--> statement-breakpoint
-- Half-open: an offer is on sale from valid_from until just before valid_to. An offer that was replaced before it
-- began has valid_to = valid_from: an empty range, which overlaps nothing.
ALTER TABLE prices ADD CONSTRAINT prices_one_offer_at_a_time
  EXCLUDE USING gist ((coalesce(plan_id, package_id)) WITH =, (tstzrange(valid_from, valid_to)) WITH &&);
--> statement-breakpoint
INSERT INTO catalogue_versions (document) VALUES ('prices'), ('credit_costs');
--> statement-breakpoint
-- Trigger: counts up the version of the document named in its argument. The row lock is held until commit, so that a
-- reader who sees version N sees everything up to N.
CREATE FUNCTION count_up_catalogue_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE catalogue_versions SET version = version + 1 WHERE document = tg_argv[0];
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER catalogue_version
  AFTER INSERT OR DELETE OR UPDATE OF plan_key, name, interval, rollover_cap, features, is_active, sort_order
  ON subscription_plans FOR EACH STATEMENT EXECUTE FUNCTION count_up_catalogue_version('prices');
--> statement-breakpoint
CREATE TRIGGER catalogue_version
  AFTER INSERT OR DELETE OR UPDATE OF package_key, name, description, badge, is_active, sort_order
  ON credit_packages FOR EACH STATEMENT EXECUTE FUNCTION count_up_catalogue_version('prices');
--> statement-breakpoint
CREATE TRIGGER catalogue_version AFTER INSERT OR DELETE OR UPDATE OF valid_to, stripe_price_id
  ON prices FOR EACH STATEMENT EXECUTE FUNCTION count_up_catalogue_version('prices');
--> statement-breakpoint
CREATE TRIGGER catalogue_version AFTER INSERT OR DELETE OR UPDATE
  ON credit_costs FOR EACH STATEMENT EXECUTE FUNCTION count_up_catalogue_version('credit_costs');
--> statement-breakpoint
-- Trigger: refuses the statement. For tables that only grow, and against TRUNCATE where rows have a history.
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '% refuses %', tg_table_name, tg_op USING ERRCODE = 'restrict_violation';
END $$;
--> statement-breakpoint
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE
  ON pricing_history FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER no_truncate BEFORE TRUNCATE
  ON subscription_plans FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER no_truncate BEFORE TRUNCATE
  ON credit_packages FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
CREATE TRIGGER no_delete BEFORE DELETE OR TRUNCATE
  ON prices FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
--> statement-breakpoint
-- Writes one history row. Actor, reason, request id and operation id travel as settings of the transaction
-- (set_config('ratecard.actor', …, true)); plain SQL is recorded under the name of its database role.
CREATE FUNCTION record_pricing_change(
  p_item_type text, p_item_key text, p_field text, p_old jsonb, p_new jsonb, p_effective_from timestamptz
) RETURNS void LANGUAGE sql AS $$
  INSERT INTO pricing_history
    (item_type, item_key, field_changed, old_value, new_value, effective_from, changed_by, reason, request_id,
      operation_id)
  VALUES (
    p_item_type, p_item_key, p_field, p_old, p_new, p_effective_from,
    coalesce(nullif(current_setting('ratecard.actor', true), ''), 'sql:' || session_user),
    nullif(current_setting('ratecard.reason', true), ''),
    nullif(current_setting('ratecard.request_id', true), ''),
    nullif(current_setting('ratecard.operation_id', true), '')::uuid
  );
$$;
--> statement-breakpoint
-- Trigger with arguments (item type, key column, field, …): one history row for each of the fields that changed;
-- `created` and `deleted` carry the whole item.
CREATE FUNCTION record_item_changes() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  item_type CONSTANT text := tg_argv[0];
  key_column CONSTANT text := tg_argv[1];
  old_item jsonb := '{}';
  new_item jsonb := '{}';
  field text;
BEGIN
  FOREACH field IN ARRAY tg_argv[1:] LOOP
    IF tg_op <> 'INSERT' THEN
      old_item := old_item || jsonb_build_object(field, to_jsonb(old) -> field);
    END IF;
    IF tg_op <> 'DELETE' THEN
      new_item := new_item || jsonb_build_object(field, to_jsonb(new) -> field);
    END IF;
  END LOOP;
  IF tg_op = 'INSERT' THEN
    PERFORM record_pricing_change(item_type, new_item ->> key_column, 'created', NULL, new_item, now());
  ELSIF tg_op = 'DELETE' THEN
    PERFORM record_pricing_change(item_type, old_item ->> key_column, 'deleted', old_item, NULL, now());
  ELSE
    FOREACH field IN ARRAY tg_argv[1:] LOOP
      IF old_item -> field IS DISTINCT FROM new_item -> field THEN
        PERFORM record_pricing_change(
          item_type, old_item ->> key_column, field, old_item -> field, new_item -> field, now());
      END IF;
    END LOOP;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON subscription_plans FOR EACH ROW
  EXECUTE FUNCTION record_item_changes(
    'plan', 'plan_key', 'name', 'interval', 'rollover_cap', 'features', 'is_active', 'sort_order');
--> statement-breakpoint
CREATE TRIGGER history AFTER INSERT OR UPDATE OR DELETE ON credit_packages FOR EACH ROW
  EXECUTE FUNCTION record_item_changes(
    'package', 'package_key', 'name', 'description', 'badge', 'is_active', 'sort_order');
--> statement-breakpoint
-- Trigger with the fields that a reader can see as arguments: a change of one of them is a new version of the item.
CREATE FUNCTION count_up_item_version() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  field text;
BEGIN
  FOREACH field IN ARRAY tg_argv LOOP
    IF to_jsonb(old) -> field IS DISTINCT FROM to_jsonb(new) -> field THEN
      new.version := old.version + 1;
      new.updated_at := now();
      RETURN new;
    END IF;
  END LOOP;
  RETURN new;
END $$;
--> statement-breakpoint
CREATE TRIGGER item_version BEFORE UPDATE ON subscription_plans FOR EACH ROW
  EXECUTE FUNCTION count_up_item_version(
    'plan_key', 'name', 'interval', 'rollover_cap', 'features', 'is_active', 'sort_order');
--> statement-breakpoint
CREATE TRIGGER item_version BEFORE UPDATE ON credit_packages FOR EACH ROW
  EXECUTE FUNCTION count_up_item_version(
    'package_key', 'name', 'description', 'badge', 'is_active', 'sort_order');
--> statement-breakpoint
-- Trigger: an offer never changes. Its end may be set, and what mirrors Stripe: a Price's id once, its state.
CREATE FUNCTION keep_offer_immutable() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  mutable CONSTANT text[] := ARRAY['valid_to', 'stripe_price_id', 'stripe_state'];
BEGIN
  IF to_jsonb(old) - mutable IS DISTINCT FROM to_jsonb(new) - mutable
    OR (old.stripe_price_id IS NOT NULL AND new.stripe_price_id IS DISTINCT FROM old.stripe_price_id)
  THEN
    RAISE EXCEPTION 'an offer is immutable: publish a new one'
      USING ERRCODE = 'restrict_violation', CONSTRAINT = 'prices_immutable';
  END IF;
  RETURN new;
END $$;
--> statement-breakpoint
CREATE TRIGGER immutable BEFORE UPDATE ON prices FOR EACH ROW EXECUTE FUNCTION keep_offer_immutable();
--> statement-breakpoint
-- The item of an offer, by whichever of the two columns is set.
CREATE FUNCTION offer_item(p_offer prices, OUT item_type text, OUT item_key text) LANGUAGE sql STABLE AS $$
  SELECT 'plan', plan_key FROM subscription_plans WHERE id = p_offer.plan_id
  UNION ALL
  SELECT 'package', package_key FROM credit_packages WHERE id = p_offer.package_id;
$$;
--> statement-breakpoint
-- A change of what an item is offered for is a new version of the item.
CREATE FUNCTION count_up_version_of(p_offer prices) RETURNS void LANGUAGE sql AS $$
  UPDATE subscription_plans SET version = version + 1, updated_at = now() WHERE id = p_offer.plan_id;
  UPDATE credit_packages SET version = version + 1, updated_at = now() WHERE id = p_offer.package_id;
$$;
--> statement-breakpoint
-- Trigger: a new offer is a new version of its item (unless it is the first), and a history row for each of its terms that differs from those
-- of the offer it takes over from. One that is replaced at its own first instant is still what it takes over from.
CREATE FUNCTION record_offer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  item record;
  before prices;
BEGIN
  SELECT * INTO item FROM offer_item(new);
  SELECT * INTO before FROM prices
  WHERE coalesce(plan_id, package_id) = coalesce(new.plan_id, new.package_id) AND id <> new.id
    AND valid_from <= new.valid_from
    AND (valid_to IS NULL OR valid_to > valid_from OR valid_from = new.valid_from)
  ORDER BY valid_from DESC, created_at DESC LIMIT 1;
  IF FOUND THEN
    PERFORM count_up_version_of(new);
  END IF;
  IF before.amount_minor IS DISTINCT FROM new.amount_minor THEN
    PERFORM record_pricing_change(item.item_type, item.item_key, 'price',
      to_jsonb(before.amount_minor), to_jsonb(new.amount_minor), new.valid_from);
  END IF;
  IF before.currency IS DISTINCT FROM new.currency THEN
    PERFORM record_pricing_change(item.item_type, item.item_key, 'currency',
      to_jsonb(before.currency), to_jsonb(new.currency), new.valid_from);
  END IF;
  IF before.credits IS DISTINCT FROM new.credits THEN
    PERFORM record_pricing_change(item.item_type, item.item_key, 'credits',
      to_jsonb(before.credits), to_jsonb(new.credits), new.valid_from);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER history AFTER INSERT ON prices FOR EACH ROW EXECUTE FUNCTION record_offer();
--> statement-breakpoint
-- Trigger, at commit: an offer that ends because the next one begins is told by the next one's row. One that ends (or
-- is prolonged) without a successor changes what is on sale, and gets a row of its own.
CREATE FUNCTION record_offer_end() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  item record;
BEGIN
  IF new.valid_to IS NOT DISTINCT FROM old.valid_to OR EXISTS (
    SELECT FROM prices
    WHERE coalesce(plan_id, package_id) = coalesce(new.plan_id, new.package_id) AND id <> new.id
      AND valid_from = new.valid_to
  ) THEN
    RETURN NULL;
  END IF;
  SELECT * INTO item FROM offer_item(new);
  PERFORM count_up_version_of(new);
  PERFORM record_pricing_change(item.item_type, item.item_key, 'valid_to',
    to_jsonb(old.valid_to), to_jsonb(new.valid_to), coalesce(new.valid_to, now()));
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE CONSTRAINT TRIGGER history_of_end AFTER UPDATE ON prices DEFERRABLE INITIALLY DEFERRED
  FOR EACH ROW EXECUTE FUNCTION record_offer_end();
--> statement-breakpoint
-- Locks the item until commit and raises RC412 unless its version is the one that the caller read.
-- No such item: RC404.
CREATE FUNCTION expect_item_version(p_item_type text, p_item_key text, p_version integer)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  present integer;
BEGIN
  IF p_item_type = 'plan' THEN
    SELECT version INTO present FROM subscription_plans WHERE plan_key = p_item_key FOR UPDATE;
  ELSE
    SELECT version INTO present FROM credit_packages WHERE package_key = p_item_key FOR UPDATE;
  END IF;
  IF present IS NULL THEN
    RAISE EXCEPTION 'no such item' USING ERRCODE = 'RC404';
  ELSIF present <> p_version THEN
    RAISE EXCEPTION 'the item has changed' USING ERRCODE = 'RC412';
  END IF;
END $$;
--> statement-breakpoint
-- Puts an offer on sale from p_starts on, or, when that is null, from p_now (the caller's clock, which also decides
-- what readers are shown). The offer on sale before ends there; one that is scheduled later keeps its time; one that
-- is scheduled for the very same instant gives way. The caller holds the item's lock (expect_item_version).
CREATE FUNCTION publish_offer(
  p_offer_id uuid, p_plan_id uuid, p_package_id uuid, p_currency text, p_amount_minor bigint, p_credits bigint,
  p_stripe_price_id text, p_starts timestamptz, p_now timestamptz, p_actor text, p_reason text
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  item CONSTANT uuid := coalesce(p_plan_id, p_package_id);
  starts timestamptz := p_starts;
BEGIN
  IF starts IS NULL THEN
    -- A clock that runs behind must not slip the new offer in before the present one, where it would never be seen.
    SELECT greatest(p_now, max(valid_from)) INTO starts FROM prices
    WHERE coalesce(plan_id, package_id) = item AND valid_from <= clock_timestamp();
  END IF;
  UPDATE prices SET valid_to = greatest(valid_from, starts)
  WHERE coalesce(plan_id, package_id) = item AND valid_from <= starts AND (valid_to IS NULL OR valid_to > starts);
  INSERT INTO prices (id, plan_id, package_id, currency, amount_minor, credits, interval, stripe_price_id,
    valid_from, valid_to, created_by, reason)
  VALUES (p_offer_id, p_plan_id, p_package_id, p_currency, p_amount_minor, p_credits,
    (SELECT interval FROM subscription_plans WHERE id = p_plan_id), p_stripe_price_id, starts,
    (SELECT min(valid_from) FROM prices
     WHERE coalesce(plan_id, package_id) = item AND valid_from > starts
       AND (valid_to IS NULL OR valid_to > valid_from)),
    p_actor, p_reason);
END $$;
