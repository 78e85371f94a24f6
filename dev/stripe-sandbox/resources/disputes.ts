import type { Operation } from '../api/operations.ts';

export const disputes: readonly Operation[] = [];
