export { cleanInbox } from './clean-inbox.ts';
export { countRejection } from './count-rejection.ts';
export { createWebhookRoutes } from './routes.ts';
export { answerDoorbells } from './answer-doorbells.ts';
export { findGaps } from './find-gaps.ts';
export { sweepEvents } from './sweep-events.ts';
