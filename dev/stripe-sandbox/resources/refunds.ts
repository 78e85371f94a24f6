import type { Operation } from '../api/operations.ts';

export const refunds: readonly Operation[] = [];
