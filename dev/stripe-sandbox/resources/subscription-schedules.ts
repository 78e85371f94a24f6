import type { Operation } from '../api/operations.ts';

export const subscriptionSchedules: readonly Operation[] = [];
