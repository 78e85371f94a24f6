import type { Operation } from '../api/operations.ts';

export const testClocks: readonly Operation[] = [];
