export { customerIdOf, findCustomer, findCustomerAtStripe, isUser, keepStripeCustomer } from './queries.ts';
