import type { Operation } from '../api/operations.ts';

export const portalConfigurations: readonly Operation[] = [];
