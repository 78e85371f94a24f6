export { createSupportRoutes } from './routes.ts';
