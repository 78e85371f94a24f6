export { mendCatalogue } from './catalogue.ts';
export { convergeStripe } from './converge-stripe.ts';
export { createPricingRoutes } from './routes.ts';
export { syncCatalogue, type CatalogueSync } from './sync-catalogue.ts';
