import type { Operation } from '../api/operations.ts';

export const coupons: readonly Operation[] = [];
