import { z } from 'zod';
import { accepts } from 'hono/accepts';
import { createRoutes, defineRoute } from '../http/index.ts';
import { readMetrics } from './read-metrics.ts';

const openMetrics = 'application/openmetrics-text';
const plainText = 'text/plain';

const contentTypes = {
  [openMetrics]: `${openMetrics}; version=1.0.0; charset=utf-8`,
  [plainText]: `${plainText}; version=0.0.4; charset=utf-8`,
} as const;

const text = { schema: z.string() };

const getMetrics = defineRoute(
  'viewer',
  {
    method: 'get',
    path: '/metrics',
    summary: 'Figures for Prometheus',
    description:
      'OpenMetrics 1.0.0, or the text format 0.0.4 of Prometheus for who accepts (`Accept`) only that. docs/metrics.md says what each figure is.',
    tags: ['Operation'],
    responses: {
      200: { description: 'What is measured.', content: { [openMetrics]: text, [plainText]: text } },
    },
  },
  { scope: 'metrics:read' },
);

export function createMetricRoutes() {
  return createRoutes().openapi(getMetrics, async (c) => {
    const accepted = accepts(c, {
      header: 'Accept',
      supports: [openMetrics, plainText],
      default: openMetrics,
    });
    const isPlain = accepted === plainText;
    c.header('Content-Type', contentTypes[isPlain ? plainText : openMetrics]);
    c.header('Vary', 'Accept');
    return c.body(await readMetrics(c.get('deps'), isPlain ? 'prometheus' : 'openmetrics'), 200);
  });
}
