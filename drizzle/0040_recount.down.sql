CREATE OR REPLACE FUNCTION roll_up_metrics() RETURNS void LANGUAGE plpgsql AS $$
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
CREATE OR REPLACE FUNCTION recount_metrics() RETURNS void LANGUAGE plpgsql AS $$
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
