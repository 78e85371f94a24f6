import { retrieve, type Operation } from '../api/operations.ts';

const PATH = '/v1/charges';

export const charges: readonly Operation[] = [retrieve(PATH, 'charge')];
