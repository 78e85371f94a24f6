import { answer, createRoutes, defineRoute, jsonBody, jsonResponse, userOf } from '../http/index.ts';
import { acknowledgeAlert } from './acknowledge-alert.ts';
import { acknowledgeBody, alertAnswer, alertParameters, alertsAnswer, alertsQuery } from './alert-schemas.ts';
import { readAlert, readAlerts } from './read-alerts.ts';

const tags = ['Operation'];

const getAlerts = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/alerts',
    summary: 'What is wrong, and what was',
    description: 'Newest first. 400 `invalid_cursor`.',
    tags,
    request: { query: alertsQuery },
    responses: { 200: jsonResponse('One page of alerts.', alertsAnswer) },
  },
  { scope: 'alerts:read' },
);

const getAlert = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/admin/alerts/{id}',
    summary: 'One alert',
    description: '404 `alert_not_found`.',
    tags,
    request: { params: alertParameters },
    responses: { 200: jsonResponse('The alert.', alertAnswer) },
  },
  { scope: 'alerts:read' },
);

const postAcknowledgement = defineRoute(
  'admin',
  {
    method: 'post',
    path: '/admin/alerts/{id}/acknowledge',
    summary: 'Take note of an alert',
    description:
      'Of an open or a closed one. It closes by itself when what it tells is over, acknowledged or not. Again, by whomever, it answers the first acknowledgement and changes nothing. 404 `alert_not_found`.',
    tags,
    request: { params: alertParameters, body: { ...jsonBody(acknowledgeBody), required: false } },
    responses: { 200: jsonResponse('The alert, and who took note of it first.', alertAnswer) },
  },
  { scope: 'alerts:manage' },
);

/** What an operator should know. */
export function createAlertRoutes() {
  return createRoutes()
    .openapi(getAlerts, async (c) => {
      const alerts = await readAlerts(c.get('deps'), c.req.valid('query'));
      return answer(c, alertsAnswer, { success: true, ...alerts });
    })
    .openapi(getAlert, async (c) => {
      const alert = await readAlert(c.get('deps'), c.req.valid('param').id);
      return answer(c, alertAnswer, { success: true, alert });
    })
    .openapi(postAcknowledgement, async (c) => {
      const { id } = c.req.valid('param');
      const { note } = c.req.valid('json');
      const alert = await acknowledgeAlert(c.get('deps'), userOf(c), { id, note });
      return answer(c, alertAnswer, { success: true, alert });
    });
}
