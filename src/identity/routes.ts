import { createRoutes } from '../http/index.ts';
import { createAccountRoutes } from './account-routes.ts';
import { createAdminKeyRoutes } from './admin-key-routes.ts';
import type { LeaveBilling } from './delete-account.ts';
import { createDeletionRoutes } from './deletion-routes.ts';
import { createFactorRoutes } from './factor-routes.ts';
import { createIdentityLinkRoutes } from './identity-routes.ts';
import { createKeyRoutes } from './key-routes.ts';
import { createLinkRoutes } from './link-routes.ts';
import { createOwnSessionRoutes } from './own-session-routes.ts';
import { createProfileRoutes } from './profile-routes.ts';
import { createSessionRoutes } from './session-routes.ts';
import { createUserRoutes } from './user-routes.ts';

export function createIdentityRoutes(leaveBilling: LeaveBilling) {
  return createRoutes()
    .route('/', createAccountRoutes())
    .route('/', createLinkRoutes())
    .route('/', createSessionRoutes())
    .route('/', createFactorRoutes())
    .route('/', createDeletionRoutes(leaveBilling))
    .route('/', createUserRoutes())
    .route('/', createKeyRoutes())
    .route('/', createAdminKeyRoutes())
    .route('/', createIdentityLinkRoutes())
    .route('/', createOwnSessionRoutes())
    .route('/', createProfileRoutes());
}
