export { createOutboundRoutes } from './admin-routes.ts';
