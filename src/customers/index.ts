export { createNoticeRoutes } from './notice-routes.ts';
export {
  addNotice,
  customerIdOf,
  findCustomer,
  findCustomerAtStripe,
  findNotice,
  isUser,
  keepStripeCustomer,
} from './queries.ts';
