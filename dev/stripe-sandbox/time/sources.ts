import { dueInvoices } from '../billing/invoices/due-invoices.ts';
import { dueCoupons, duePromotionCodes } from '../billing/discounts/coupon-validity.ts';
import { dueSessions } from '../checkout/expire.ts';
import { dueSchedules } from '../billing/schedules/run-schedule.ts';
import { dueSubscriptions } from '../billing/subscriptions/due-subscriptions.ts';
import { dueDisputes } from '../payments/disputes.ts';
import { dueRefunds } from '../payments/refunds.ts';
import type { DueSource } from './due.ts';
import { dueSettlements } from './settlements.ts';

/** All that happens by itself. What is due at the same instant happens in this order. */
export const DUE_SOURCES: readonly DueSource[] = [
  dueCoupons,
  duePromotionCodes,
  dueSessions,
  dueSettlements,
  dueDisputes,
  dueRefunds,
  dueSchedules,
  dueSubscriptions,
  dueInvoices,
];
