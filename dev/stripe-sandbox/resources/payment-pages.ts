import type { Operation } from '../api/operations.ts';

export const paymentPages: readonly Operation[] = [];
