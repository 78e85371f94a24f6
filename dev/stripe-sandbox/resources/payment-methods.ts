import type { Operation } from '../api/operations.ts';

export const paymentMethods: readonly Operation[] = [];
