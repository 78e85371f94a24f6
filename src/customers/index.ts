export { accountClosed, expectCustomer } from './expect-customer.ts';
export { createNoticeRoutes } from './notice-routes.ts';
export {
  addNotice,
  customerIdOf,
  findCustomer,
  findCustomerAtStripe,
  findNotice,
  isAccount,
  keepStripeCustomer,
  readyAccount,
} from './queries.ts';
