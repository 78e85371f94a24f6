import type { Operation } from '../api/operations.ts';

export const promotionCodes: readonly Operation[] = [];
