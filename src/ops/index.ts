export { createOpsRoutes, livenessRoutes } from './routes.ts';
