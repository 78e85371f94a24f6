import { z } from 'zod';
import { describeFault } from '../core/log.ts';
import type { Deps } from '../deps.ts';
import { findOperationalState } from './queries.ts';
import type { Components } from './readiness-schemas.ts';

export type ComponentDeps = Pick<Deps, 'db' | 'documents' | 'log'>;

/** From then on a part is degraded. The cron trigger runs every minute, Stripe is asked every five. */
const secondsAtMost = { queue: 300, cron: 180, oldest_waiting_event: 300, last_stripe_contact: 900 } as const;
/** Whoever reads prices does not wait longer either: they come from the database then. */
const storeMilliseconds = 2000;
/** Of no document: what is asked for is an answer. */
const storeKey = 'health';

const instant = z.coerce.date().nullable();
const stateRow = z.object({
  present: z.coerce.date(),
  cron_at: instant,
  queue_at: instant,
  oldest_due_at: instant,
  stripe_at: instant,
});

/** How each part of the installation does: one call of the database and one read of KV, at once. Throws nothing. */
export async function lookAtComponents(deps: ComponentDeps): Promise<Components> {
  const [database, kv] = await Promise.all([
    timed(deps, 'database', async () => {
      const { rows } = await deps.db.run(findOperationalState());
      return stateRow.parse(rows[0]?.state);
    }),
    timed(deps, 'kv', () =>
      within(storeMilliseconds, deps.documents.store.get(storeKey, { type: 'json', cacheTtl: 30 })),
    ),
  ]);
  const state = database.found;
  const seen = (name: keyof typeof secondsAtMost, at: Date | null | undefined) =>
    describeSight(state?.present, at ?? null, secondsAtMost[name]);
  const waiting = seen('oldest_waiting_event', state?.oldest_due_at);
  return {
    database: database.component,
    kv: kv.component,
    queue: seen('queue', state?.queue_at),
    cron: seen('cron', state?.cron_at),
    // None is due: that is as it should be.
    oldest_waiting_event: state?.oldest_due_at === null ? { ...waiting, status: 'ok' } : waiting,
    last_stripe_contact: seen('last_stripe_contact', state?.stripe_at),
  };
}

async function timed<Found>({ log }: ComponentDeps, component: string, ask: () => Promise<Found>) {
  const started = performance.now();
  try {
    const found = await ask();
    const milliseconds = Math.round(performance.now() - started);
    return { found, component: { status: 'ok', latency_ms: milliseconds } } as const;
  } catch (error) {
    log.error('component_failing', { component, ...describeFault(error) });
    return { found: undefined, component: { status: 'failing', latency_ms: null } } as const;
  }
}

function describeSight(present: Date | undefined, at: Date | null, ageSecondsAtMost: number) {
  if (present === undefined || at === null) {
    return { status: 'unknown', at: null, age_seconds: null } as const;
  }
  const seconds = Math.max(0, Math.floor((present.getTime() - at.getTime()) / 1000));
  const status = seconds > ageSecondsAtMost ? 'degraded' : 'ok';
  return { status, at: at.toISOString(), age_seconds: seconds } as const;
}

/** Rejects when there is no answer in time; whoever was asked is not told. */
async function within<Answer>(milliseconds: number, answer: Promise<Answer>): Promise<Answer> {
  const signal = AbortSignal.timeout(milliseconds);
  const late = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new Error('no answer in time')));
  });
  return Promise.race([answer, late]);
}
