export type { Fault, FaultAction, FaultRequest } from './faults.ts';
export { type GatewayOptions, type NeonGateway, startGateway } from './server.ts';
