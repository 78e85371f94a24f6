import { createRoutes } from '../http/index.ts';
import { createSessionRoutes } from './session-routes.ts';
import { createUserRoutes } from './user-routes.ts';

export function createIdentityRoutes() {
  return createRoutes().route('/', createSessionRoutes()).route('/', createUserRoutes());
}
