import { createRoutes } from '../http/index.ts';
import { createSessionRoutes } from './session-routes.ts';

export function createIdentityRoutes() {
  return createRoutes().route('/', createSessionRoutes());
}
