import { z } from 'zod';
import { answer, createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { createMetricRoutes } from './metric-routes.ts';
import { createAlertRoutes } from './alert-routes.ts';
import { checkReadiness } from './check-readiness.ts';
import { readiness } from './readiness-schemas.ts';

const status = z.strictObject({
  success: z.literal(true),
  status: z.literal('running'),
  version: z.string(),
});
const health = z.strictObject({ success: z.literal(true), status: z.literal('healthy') });
/** Asked by whoever wants to know whether the Worker runs at all: answered whatever the configuration is. */
export const livenessRoutes = createRoutes().openapi(
  defineRoute('public', {
    method: 'get',
    path: '/health',
    summary: 'Whether the Worker runs',
    description: 'Asks neither configuration nor database.',
    tags: ['Operation'],
    responses: { 200: jsonResponse('It runs.', health) },
  }),
  (c) => answer(c, health, { success: true, status: 'healthy' }),
);

export function createOpsRoutes(version: string) {
  return createRoutes()
    .route('/', createAlertRoutes())
    .route('/', createMetricRoutes())
    .openapi(
      defineRoute('public', {
        method: 'get',
        path: '/',
        summary: 'What this is',
        tags: ['Operation'],
        responses: { 200: jsonResponse('The version that runs.', status) },
      }),
      (c) => answer(c, status, { success: true, status: 'running', version }),
    )
    .openapi(
      defineRoute('public', {
        method: 'get',
        path: '/health/ready',
        summary: 'Whether requests can be served',
        description:
          '503 `database_unavailable`, with the same members, when the database does not answer: then requests fail. Whatever else is wrong is told, and is no reason to send requests elsewhere. Under load the answer may be a second old.',
        tags: ['Operation'],
        responses: { 200: jsonResponse('The database answers.', readiness) },
      }),
      async (c) => {
        const found = await checkReadiness(c.get('deps'));
        c.header('Cache-Control', 'no-store');
        return answer(c, readiness, { success: true, status: 'ready', ...found });
      },
    );
}
