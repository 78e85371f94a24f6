export { expireCredits } from './expire-credits.ts';
export { clawBackPlanCredits } from './plan-queries.ts';
export { grantCredits, summariseAccount } from './queries.ts';
export { mendCosts } from './read-costs.ts';
export { createCreditsRoutes } from './routes.ts';
export { readSummary } from './account-summary.ts';
