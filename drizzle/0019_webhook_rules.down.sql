DROP TRIGGER tell_closed ON alerts;
--> statement-breakpoint
DROP TRIGGER tell_opened ON alerts;
--> statement-breakpoint
DROP TRIGGER tell ON pricing_history;
--> statement-breakpoint
DROP TRIGGER tell_reversed ON payments;
--> statement-breakpoint
DROP TRIGGER tell_paid ON payments;
--> statement-breakpoint
DROP TRIGGER tell ON subscription_changes;
--> statement-breakpoint
DROP TRIGGER tell ON customer_notices;
--> statement-breakpoint
DROP TRIGGER tell ON credit_transactions;
--> statement-breakpoint
DROP FUNCTION tell_alert();
--> statement-breakpoint
DROP FUNCTION tell_pricing();
--> statement-breakpoint
DROP FUNCTION tell_payment();
--> statement-breakpoint
DROP FUNCTION tell_subscription();
--> statement-breakpoint
DROP FUNCTION tell_notice();
--> statement-breakpoint
DROP FUNCTION tell_credits();
--> statement-breakpoint
DROP FUNCTION emit_event(text, uuid, jsonb, timestamptz);
--> statement-breakpoint
DROP FUNCTION wire_instant(timestamptz);
--> statement-breakpoint
DROP FUNCTION wants_event(text[], text);
--> statement-breakpoint
CREATE OR REPLACE FUNCTION complete_webhook_event(p_event_id text, p_attempt integer, p_customer_id uuid)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  UPDATE webhook_events
  SET status = 'processed', processed_at = now(), lease_until = NULL, last_error = NULL, customer_id = p_customer_id
  WHERE event_id = p_event_id AND status = 'processing' AND attempts = p_attempt;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the claim on the event is lost' USING ERRCODE = 'RC410';
  END IF;
END $$;
--> statement-breakpoint
DROP FUNCTION end_webhook_attempt(text, integer, text, text, uuid, integer[]);
--> statement-breakpoint
DROP FUNCTION claim_next_webhook_event(text, integer, integer);
--> statement-breakpoint
DROP FUNCTION claim_webhook_event(text, integer, integer);
--> statement-breakpoint
DROP FUNCTION is_customer_in_work(text);
--> statement-breakpoint
DROP FUNCTION take_webhook_event(webhook_events, integer);
--> statement-breakpoint
DROP TRIGGER no_delete ON alerts;
--> statement-breakpoint
DROP TRIGGER no_delete ON event_endpoints;
--> statement-breakpoint
DROP TRIGGER append_only ON webhook_actions;
