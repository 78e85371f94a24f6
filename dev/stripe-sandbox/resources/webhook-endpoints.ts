import type { Operation } from '../api/operations.ts';

export const webhookEndpoints: readonly Operation[] = [];
