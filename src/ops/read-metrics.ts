import { z } from 'zod';
import type { Deps } from '../deps.ts';
import { onlyRow } from '../db/index.ts';
import { findSamples } from './metric-queries.ts';
import { renderMetrics, type MetricsFormat } from './render-metrics.ts';

const storedSamples = z.array(
  z.strictObject({ name: z.string(), labels: z.array(z.string()), count: z.number(), amount: z.number() }),
);

/** What is measured, as text for scrapers: one call to the database, of one instant. */
export async function readMetrics({ db }: Pick<Deps, 'db'>, format: MetricsFormat): Promise<string> {
  const { samples } = onlyRow((await db.run(findSamples())).rows);
  return renderMetrics(storedSamples.parse(samples), format);
}
