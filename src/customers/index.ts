export { findCustomer, findCustomerAtStripe, isUser, keepStripeCustomer } from './queries.ts';
