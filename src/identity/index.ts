export { authenticate } from './authenticate.ts';
export { openPasswordHasher, type PasswordHasher } from './passwords.ts';
export { createIdentityRoutes } from './routes.ts';
