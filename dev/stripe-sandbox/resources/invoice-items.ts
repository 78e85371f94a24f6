import type { Operation } from '../api/operations.ts';

export const invoiceItems: readonly Operation[] = [];
