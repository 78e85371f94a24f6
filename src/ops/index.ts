export { answerBeats, beat, isBeat } from './beat.ts';
export { evaluateAlerts } from './evaluate-alerts.ts';
export { flushCounts, rollUpMetrics } from './flush-counts.ts';
export { createOpsRoutes, livenessRoutes } from './routes.ts';
