export { answerBeats, beat, isBeat } from './beat.ts';
export { evaluateAlerts } from './evaluate-alerts.ts';
export { createOpsRoutes, livenessRoutes } from './routes.ts';
