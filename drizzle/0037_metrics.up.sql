CREATE TABLE "ledger_marks" (
	"ledger" text PRIMARY KEY NOT NULL,
	"position" bigint DEFAULT 0 NOT NULL,
	"next_position" bigint,
	"next_xid" text
);
--> statement-breakpoint
CREATE TABLE "ledger_totals" (
	"transaction_type" text PRIMARY KEY NOT NULL,
	"transactions" bigint NOT NULL,
	"added" bigint NOT NULL,
	"removed" bigint NOT NULL,
	"debt_change" bigint NOT NULL
);
--> statement-breakpoint
CREATE TABLE "metric_changes" (
	"name" text NOT NULL,
	"labels" text[] NOT NULL,
	"count" bigint NOT NULL,
	"amount" double precision DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE TABLE "metric_counts" (
	"name" text NOT NULL,
	"labels" text[] NOT NULL,
	"count" bigint NOT NULL,
	"amount" double precision DEFAULT 0 NOT NULL,
	CONSTRAINT "metric_counts_pk" PRIMARY KEY("name","labels")
);
--> statement-breakpoint
CREATE SEQUENCE credit_transactions_position_seq;
--> statement-breakpoint
-- In two steps: what is there keeps null, and the table need not be written anew.
ALTER TABLE "credit_transactions" ADD COLUMN "position" bigint;
--> statement-breakpoint
ALTER TABLE "credit_transactions" ALTER COLUMN "position" SET DEFAULT case when pg_current_xact_id() is not null then nextval('credit_transactions_position_seq'::regclass) end;
--> statement-breakpoint
CREATE INDEX "credit_transactions_position" ON "credit_transactions" USING btree ("position") WHERE position is not null;
--> statement-breakpoint
INSERT INTO ledger_marks (ledger) VALUES ('credit_transactions');
--> statement-breakpoint
-- In which bucket of a histogram of processing times something belongs: the least bound that is not below it.
CREATE FUNCTION processing_bucket(p_seconds double precision) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT coalesce(min(bound), 'Infinity')::text
  FROM unnest('{0.1,0.25,0.5,1,2.5,5,10,30,60,300,1800,7200,86400}'::double precision[]) AS bound
  WHERE bound >= p_seconds;
$$;
--> statement-breakpoint
-- Trigger: the inbox's events that are done, of which there are ever more. Those that wait are counted when that is asked.
CREATE FUNCTION count_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op <> 'INSERT' AND old.status IN ('processed', 'ignored') THEN
    INSERT INTO metric_changes (name, labels, count) VALUES ('webhook_events', ARRAY[old.status], -1);
  END IF;
  IF tg_op <> 'DELETE' AND new.status IN ('processed', 'ignored') THEN
    INSERT INTO metric_changes (name, labels, count) VALUES ('webhook_events', ARRAY[new.status], 1);
    IF new.status = 'processed' THEN
      INSERT INTO metric_changes (name, labels, count, amount)
      SELECT 'webhook_processing_seconds', ARRAY[processing_bucket(seconds)], 1, seconds
      FROM processing_seconds(new) AS seconds;
    END IF;
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
-- From an event's receipt to its end.
CREATE FUNCTION processing_seconds(p_event webhook_events) RETURNS double precision LANGUAGE sql IMMUTABLE AS $$
  SELECT greatest(0, extract(epoch FROM coalesce(p_event.processed_at, p_event.received_at) - p_event.received_at));
$$;
--> statement-breakpoint
CREATE TRIGGER count_new AFTER INSERT ON webhook_events FOR EACH ROW
  WHEN (new.status IN ('processed', 'ignored')) EXECUTE FUNCTION count_event();
--> statement-breakpoint
CREATE TRIGGER count_changed AFTER UPDATE OF status ON webhook_events FOR EACH ROW
  WHEN (old.status <> new.status AND (old.status IN ('processed', 'ignored') OR new.status IN ('processed', 'ignored')))
  EXECUTE FUNCTION count_event();
--> statement-breakpoint
CREATE TRIGGER count_deleted AFTER DELETE ON webhook_events FOR EACH ROW
  WHEN (old.status IN ('processed', 'ignored')) EXECUTE FUNCTION count_event();
--> statement-breakpoint
-- Trigger: attempts at events that failed, or whose worker did not come back.
CREATE FUNCTION count_failure() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO metric_changes (name, labels, count)
  VALUES ('webhook_failures', ARRAY[new.event_type, new.outcome], 1);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER count_failure AFTER UPDATE OF outcome ON webhook_attempts FOR EACH ROW
  WHEN (old.outcome IS NULL AND new.outcome IN ('failed', 'lost')) EXECUTE FUNCTION count_failure();
--> statement-breakpoint
CREATE TRIGGER count_new_failure AFTER INSERT ON webhook_attempts FOR EACH ROW
  WHEN (new.outcome IN ('failed', 'lost')) EXECUTE FUNCTION count_failure();
--> statement-breakpoint
-- Under what a subscription is counted: its offer, its status, whether it is to end, whether money is collected.
CREATE FUNCTION subscription_labels(p_subscription subscriptions) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
  SELECT ARRAY[p_subscription.offer_id::text, p_subscription.status,
    (p_subscription.cancel_at_period_end OR p_subscription.cancel_at IS NOT NULL)::text,
    (p_subscription.pause_behavior IS NULL)::text];
$$;
--> statement-breakpoint
-- Trigger: subscriptions, and as `amount` how many of its plan each is for.
CREATE FUNCTION count_subscription() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF tg_op <> 'INSERT' THEN
    INSERT INTO metric_changes (name, labels, count, amount)
    VALUES ('subscriptions', subscription_labels(old), -1, -old.quantity);
  END IF;
  IF tg_op <> 'DELETE' THEN
    INSERT INTO metric_changes (name, labels, count, amount)
    VALUES ('subscriptions', subscription_labels(new), 1, new.quantity);
  END IF;
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER count_new AFTER INSERT OR DELETE ON subscriptions FOR EACH ROW EXECUTE FUNCTION count_subscription();
--> statement-breakpoint
CREATE TRIGGER count_changed AFTER UPDATE ON subscriptions FOR EACH ROW
  WHEN (old.quantity <> new.quantity OR subscription_labels(old) <> subscription_labels(new))
  EXECUTE FUNCTION count_subscription();
--> statement-breakpoint
-- Trigger: outbound deliveries that are over.
CREATE FUNCTION count_delivery() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO metric_changes (name, labels, count) VALUES ('outbound_deliveries', ARRAY[new.status], 1);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER count_ended AFTER UPDATE OF status ON event_deliveries FOR EACH ROW
  WHEN (old.status <> new.status AND new.status IN ('delivered', 'dead', 'canceled')) EXECUTE FUNCTION count_delivery();
--> statement-breakpoint
-- Trigger: sign-ins, and whatever else the audit of accounts knows.
CREATE FUNCTION count_auth_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO metric_changes (name, labels, count) VALUES ('auth_events', ARRAY[new.event_type, new.outcome], 1);
  RETURN NULL;
END $$;
--> statement-breakpoint
CREATE TRIGGER count AFTER INSERT ON auth_events FOR EACH ROW EXECUTE FUNCTION count_auth_event();
--> statement-breakpoint
-- Adds the ledger's entries beyond one position, and up to another, to its totals.
CREATE FUNCTION add_to_ledger_totals(p_after bigint, p_until bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO ledger_totals AS total (transaction_type, transactions, added, removed, debt_change)
  SELECT transaction_type, count(*), sum(greatest(amount, 0)), sum(greatest(-amount, 0)), sum(debt_change)
  FROM credit_transactions
  WHERE position > p_after AND position <= p_until
  GROUP BY transaction_type
  ON CONFLICT (transaction_type) DO UPDATE
  SET transactions = total.transactions + excluded.transactions, added = total.added + excluded.added,
    removed = total.removed + excluded.removed, debt_change = total.debt_change + excluded.debt_change;
END $$;
--> statement-breakpoint
-- Sums up what has happened since the last time, so that nobody who asks need add it up. Changes nothing of what is told:
-- who asks adds what is not summed up yet, of the same instant.
--
-- Positions do not become visible in their order: whoever has one may commit long after those with higher ones. So a
-- position is only noted here, with a transaction id that is higher than that of all who have taken one up to it; a later
-- run counts up to it, when all those have ended. (A database that was restored elsewhere has begun its transaction ids
-- anew: what was noted is noted again.)
CREATE FUNCTION roll_up_metrics() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  newest CONSTANT bigint := (SELECT max(position) FROM credit_transactions WHERE position IS NOT NULL);
  own_xid xid8;
  mark ledger_marks;
BEGIN
  -- One that was given out before `newest` was read would not be higher than all.
  IF pg_current_xact_id_if_assigned() IS NOT NULL THEN
    RAISE EXCEPTION 'roll_up_metrics must be the first to write in its transaction';
  END IF;
  own_xid := pg_current_xact_id();
  SELECT * INTO mark FROM ledger_marks WHERE ledger = 'credit_transactions' FOR UPDATE SKIP LOCKED;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF mark.next_xid::xid8 <= pg_snapshot_xmin(pg_current_snapshot()) THEN
    PERFORM add_to_ledger_totals(mark.position, mark.next_position);
    mark.position := mark.next_position;
    mark.next_xid := NULL;
  END IF;
  IF mark.next_xid IS NULL OR mark.next_xid::xid8 > own_xid THEN
    mark.next_position := nullif(newest, mark.position);
    mark.next_xid := CASE WHEN mark.next_position IS NOT NULL THEN own_xid::text END;
  END IF;
  UPDATE ledger_marks
  SET position = mark.position, next_position = mark.next_position, next_xid = mark.next_xid
  WHERE ledger = 'credit_transactions';
  WITH taken AS (
    DELETE FROM metric_changes RETURNING name, labels, count, amount
  )
  INSERT INTO metric_counts AS known (name, labels, count, amount)
  SELECT name, labels, sum(count), sum(amount) FROM taken GROUP BY name, labels ORDER BY name, labels
  ON CONFLICT (name, labels) DO UPDATE
  SET count = known.count + excluded.count, amount = known.amount + excluded.amount;
END $$;
--> statement-breakpoint
-- Counts everything anew that triggers count, from what there is: at first, and after rows were changed without them.
-- Whoever writes waits meanwhile.
CREATE FUNCTION recount_metrics() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  LOCK TABLE credit_transactions, webhook_events, webhook_attempts, subscriptions, event_deliveries, auth_events
    IN SHARE MODE;
  DELETE FROM metric_changes;
  DELETE FROM metric_counts
  WHERE name IN ('webhook_events', 'webhook_processing_seconds', 'webhook_failures', 'subscriptions', 'outbound_deliveries',
    'auth_events');
  INSERT INTO metric_counts (name, labels, count, amount)
  SELECT 'webhook_events', ARRAY[status], count(*), 0 FROM webhook_events
  WHERE status IN ('processed', 'ignored') GROUP BY status
  UNION ALL
  SELECT 'webhook_processing_seconds', ARRAY[processing_bucket(seconds)], count(*), sum(seconds)
  FROM webhook_events AS event CROSS JOIN LATERAL processing_seconds(event) AS seconds
  WHERE event.status = 'processed' GROUP BY 2
  UNION ALL
  SELECT 'webhook_failures', ARRAY[event_type, outcome], count(*), 0 FROM webhook_attempts
  WHERE outcome IN ('failed', 'lost') GROUP BY event_type, outcome
  UNION ALL
  SELECT 'subscriptions', subscription_labels(s), count(*), sum(quantity) FROM subscriptions AS s GROUP BY 2
  UNION ALL
  SELECT 'outbound_deliveries', ARRAY[status], count(*), 0 FROM event_deliveries
  WHERE status IN ('delivered', 'dead', 'canceled') GROUP BY status
  UNION ALL
  SELECT 'auth_events', ARRAY[event_type, outcome], count(*), 0 FROM auth_events GROUP BY event_type, outcome;
  DELETE FROM ledger_totals;
  INSERT INTO ledger_totals (transaction_type, transactions, added, removed, debt_change)
  SELECT transaction_type, count(*), sum(greatest(amount, 0)), sum(greatest(-amount, 0)), sum(debt_change)
  FROM credit_transactions WHERE position IS NULL GROUP BY transaction_type;
  UPDATE ledger_marks SET position = 0, next_position = NULL, next_xid = NULL WHERE ledger = 'credit_transactions';
END $$;
--> statement-breakpoint
SELECT recount_metrics();
