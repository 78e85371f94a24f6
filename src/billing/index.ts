export { createBillingRoutes } from './routes.ts';
export { createSubscriptionRoutes } from './subscription-routes.ts';
export { grantPlanMonths } from './grant-plan-months.ts';
export { settleInvoice } from './settle-invoice.ts';
export { settleReversal, type PaymentFact } from './settle-reversal.ts';
export { settleSession } from './settle-session.ts';
export { settleSubscriptionOfInvoice, settleSubscriptionOfSchedule } from './settle-subscription-of.ts';
export { settleSubscription } from './sync-subscription.ts';
export { SettlementError, untilFresh, type Settlement, type SettlementDeps } from './settlement.ts';
