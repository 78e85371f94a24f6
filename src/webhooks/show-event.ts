import type { z } from 'zod';
import type { Deps } from '../deps.ts';
import { storedDetail, type eventDetailAnswer } from './admin-schemas.ts';
import { findEvent } from './inbox-queries.ts';
import { isNestedTooDeeply } from './nesting.ts';
import { unknownEvent } from './unknown-event.ts';

/** An event, its payload, how it went, and what came of it. Throws `event_not_found`. */
export async function showEvent(
  deps: Pick<Deps, 'db'>,
  eventId: string,
): Promise<z.input<typeof eventDetailAnswer>['event']> {
  const [row] = (await deps.db.run(findEvent(eventId))).rows;
  if (row === undefined) throw unknownEvent();
  const payload = row.payload === null ? null : readable(row.payload);
  return { ...storedDetail.parse(row.event), payload, payload_cleaned: row.payload === null };
}

/** As JSON, where everybody can read that, and else the text: what Stripe signed need not be either. */
function readable(payload: string): unknown {
  try {
    const content: unknown = JSON.parse(payload);
    return isNestedTooDeeply(content) ? payload : content;
  } catch {
    return payload;
  }
}
