export { mendCatalogue } from './catalogue.ts';
export { createPricingRoutes } from './routes.ts';
