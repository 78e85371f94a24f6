export { createOutboundRoutes } from './admin-routes.ts';
export { answerDeliveries, isDeliveryMessage } from './deliver-messages.ts';
export { deleteOldEvents } from './delete-told-events.ts';
export { dispatchDeliveries, sweepDeliveries } from './dispatch-deliveries.ts';
