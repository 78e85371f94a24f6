export { type DevIssuer, startIssuer } from './server.ts';
