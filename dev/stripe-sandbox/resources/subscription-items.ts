import type { Operation } from '../api/operations.ts';

export const subscriptionItems: readonly Operation[] = [];
