export type { FaultRequest } from './faults.ts';
export { type NeonGateway, startGateway } from './server.ts';
