export { build } from './build.ts';
export {
  connect,
  openDatabase,
  type Connection,
  type Database,
  type RequestDatabase,
  type Statement,
} from './client.ts';
export { isStatementError, StatementError, staleView, uniqueViolation } from './errors.ts';
export { instant } from './instant.ts';
export { onlyRow } from './only-row.ts';
export { signChanges, type Author } from './sign-changes.ts';
export { findKey, forgetOldKeys, idempotencyKeyTaken, type IdempotencyClaim } from './idempotency.ts';
