import type { Operation } from '../api/operations.ts';

export const setupIntents: readonly Operation[] = [];
