import { answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { createAdminWebhookRoutes } from './admin-routes.ts';
import { receiveEvent } from './receive-event.ts';
import { webhookAnswer } from './schemas.ts';

export function createWebhookRoutes() {
  return createRoutes()
    .openapi(
      defineRoute('public', {
        method: 'post',
        path: '/payment/webhook',
        summary: 'Where Stripe delivers its events',
        description:
          'The body is an event as Stripe signed it (`Stripe-Signature`), at most 1 MiB. 200: it is stored. ' +
          '400 `invalid_signature`, `not_an_event`, `wrong_livemode`. 503: it is not stored; deliver it again.',
        tags: ['Webhooks'],
        responses: { 200: jsonResponse('The event is stored.', webhookAnswer) },
      }),
      async (c) => {
        const signature = c.req.header('Stripe-Signature');
        const { eventId, duplicate } = await receiveEvent(c.get('deps'), await c.req.text(), signature);
        return answer(c, webhookAnswer, {
          success: true,
          event_id: eventId,
          ...(duplicate ? { duplicate } : {}),
        });
      },
    )
    .route('/', createAdminWebhookRoutes());
}
