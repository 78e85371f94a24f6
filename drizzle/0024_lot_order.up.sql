-- Trigger: of two lots that a customer got in one millisecond, the one that was granted first is the older one. Months
-- that are made up for are granted at one instant; in the order of their ids, the next spend would have taken of any of
-- them. The account is locked.
CREATE FUNCTION keep_lot_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  new.created_at := coalesce((
    SELECT max(created_at) + interval '1 microsecond' FROM credit_lots
    WHERE customer_id = new.customer_id
      AND created_at >= new.created_at AND created_at < new.created_at + interval '1 millisecond'), new.created_at);
  RETURN new;
END $$;
--> statement-breakpoint
CREATE TRIGGER keep_order BEFORE INSERT ON credit_lots FOR EACH ROW EXECUTE FUNCTION keep_lot_order();
