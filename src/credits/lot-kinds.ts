import { creditLots } from './tables.ts';

/** Of which kinds lots are, and what grants them, for schemas. */
export const creditLotKinds = creditLots.kind.enumValues;
export const creditLotSources = creditLots.source.enumValues;
