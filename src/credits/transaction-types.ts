/** Why credits move. The ledger knows no other reasons (CHECK). */
export const transactionTypes = [
  /** A package, paid at a checkout or by an automatic top-up. */
  'purchase',
  /** A month of a plan, of a paid invoice line. */
  'subscription_grant',
  /** A trial of a plan. */
  'trial_grant',
  /** The difference between two plans for the rest of a month. */
  'plan_change',
  'admin_grant',
  /** A correction by an admin, up or down. */
  'adjustment',
  'import',
  'spend',
  /** The part of a hold that was used. */
  'capture',
  /** Credits that go back because their money does: a refund, a dispute, an admin's decision. */
  'clawback',
  /** Credits that come back because their money does: a failed refund, a dispute that was won. */
  'restore',
  /** Unspent credits whose time is over, or that are more than may roll over. */
  'expiry',
  /** Credits that came back from a hold, and repay a debt. */
  'debt_repayment',
] as const;

export type TransactionType = (typeof transactionTypes)[number];
