export { expireCredits } from './expire-credits.ts';
export { clawBackPlanCredits } from './plan-queries.ts';
export { hold as creditHold } from './hold-schemas.ts';
export { grantCredits } from './queries.ts';
export { mendCosts } from './read-costs.ts';
export { createCreditsRoutes } from './routes.ts';
export { holdOutcome } from './spending-outcome.ts';
export { creditLotKinds, creditLotSources } from './lot-kinds.ts';
