import type { Operation } from '../api/operations.ts';

export const customerSources: readonly Operation[] = [];
