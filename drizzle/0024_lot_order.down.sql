DROP TRIGGER keep_order ON credit_lots;
--> statement-breakpoint
DROP FUNCTION keep_lot_order();
