import type { z } from 'zod';
import type { Deps } from '../deps.ts';
import { storedEndpoint, storedEndpointDetail, type Endpoint } from './admin-schemas.ts';
import { endpointNotFound } from './endpoint-outcome.ts';
import { findEndpointDetail, listLiveEndpoints } from './endpoint-queries.ts';

/** All endpoints that are there, with how they fare, the oldest first. There are few, so there are no pages. */
export async function listEndpoints({ db }: Pick<Deps, 'db'>): Promise<readonly Endpoint[]> {
  const { rows } = await db.run(listLiveEndpoints());
  return rows.map(({ endpoint }) => storedEndpoint.parse(endpoint));
}

/** One endpoint, and what was done to it. Throws `endpoint_not_found`. */
export async function readEndpoint(
  { db }: Pick<Deps, 'db'>,
  id: string,
): Promise<z.output<typeof storedEndpointDetail>> {
  const [row] = (await db.run(findEndpointDetail(id))).rows;
  if (row === undefined) throw endpointNotFound();
  return storedEndpointDetail.parse(row.endpoint);
}
