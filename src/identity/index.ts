export { authenticate } from './authenticate.ts';
export { openIssuers, type Issuers } from './issuers.ts';
export { forgetOldProofs } from './forget-old-proofs.ts';
export { createKeyMemory, type KeyMemory } from './key-memory.ts';
export { createAdmin, type AdminOutcome } from './create-admin.ts';
export { forgetOldSignIns } from './forget-old-sign-ins.ts';
export { openPasswordHasher, type PasswordHasher } from './passwords.ts';
export { createIdentityRoutes } from './routes.ts';
export { adminInput } from './user-schemas.ts';
