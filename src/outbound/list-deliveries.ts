import { z } from 'zod';
import { decodeMicrosecondCursor, page } from '../core/cursor.ts';
import type { Deps } from '../deps.ts';
import { deliveryNotFound, endpointNotFound } from './endpoint-outcome.ts';
import { findDeliveryRow, listDeliveryRows } from './log-queries.ts';
import {
  listedDelivery,
  storedDeliveryDetail,
  type deliveriesAnswer,
  type DeliveriesQuery,
} from './log-schemas.ts';

/** One page of an endpoint's deliveries, newest first. Throws `invalid_cursor`, `endpoint_not_found`. */
export async function listDeliveries(
  { db }: Pick<Deps, 'db'>,
  endpointId: string,
  { status, event_type: eventType, since, until, limit, cursor }: DeliveriesQuery,
): Promise<Omit<z.input<typeof deliveriesAnswer>, 'success'>> {
  const before = cursor === undefined ? undefined : decodeMicrosecondCursor(cursor);
  const filter = { endpointId, status, eventType, since, until, before, limit: limit + 1 };
  const [row] = (await db.run(listDeliveryRows(filter))).rows;
  if (row?.is_known !== true) throw endpointNotFound();
  const found = z.array(listedDelivery).parse(row.deliveries);
  const { entries, nextCursor } = page(found, limit, (entry) => [entry.microseconds, entry.delivery.id]);
  const deliveries = entries.map(({ delivery }) => delivery);
  return { deliveries, count: deliveries.length, next_cursor: nextCursor };
}

/** A delivery, what it tells, and each try. Throws `delivery_not_found`. */
export async function readDelivery(
  { db }: Pick<Deps, 'db'>,
  endpointId: string,
  deliveryId: string,
): Promise<z.output<typeof storedDeliveryDetail>> {
  const [row] = (await db.run(findDeliveryRow(endpointId, deliveryId))).rows;
  if (row === undefined) throw deliveryNotFound();
  return storedDeliveryDetail.parse(row.delivery);
}
