import type { z } from 'zod';
import { DomainError } from '../core/errors.ts';
import { systemClock } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { lookAtComponents, type ComponentDeps } from './look-at-components.ts';
import type { Components, readiness } from './readiness-schemas.ts';

type ReadinessDeps = ComponentDeps & Pick<Deps, 'config'>;
type Readiness = Omit<z.input<typeof readiness>, 'success' | 'status'>;

/** Anybody may ask. An isolate that is asked more often answers what it last saw. */
const looksASecond = 10;

interface Looks {
  readonly second: number;
  count: number;
  last: Components | undefined;
}

const looks = new WeakMap<Deps['config'], Looks>();

/**
 * Whether requests can be served, and how each part of the installation does. What is wrong beside the database is
 * told, and stops no request.
 * @throws `database_unavailable`, with the same members, when the database does not answer
 */
export async function checkReadiness(deps: ReadinessDeps): Promise<Readiness> {
  const components = await componentsNow(deps);
  const checks = statusesOf(components);
  const degraded = Object.entries(checks)
    .filter(([, status]) => status === 'degraded' || status === 'failing')
    .map(([name]) => name);
  const members = { degraded, checks, components };
  if (components.database.status === 'ok') return members;
  throw new DomainError('unavailable', 'database_unavailable', 'The database does not answer.', {
    members,
    retryAfterSeconds: 5,
  });
}

async function componentsNow(deps: ReadinessDeps): Promise<Components> {
  const second = Math.floor(systemClock.now().getTime() / 1000);
  const present = looks.get(deps.config);
  const recent = present?.second === second ? present : { second, count: 0, last: present?.last };
  looks.set(deps.config, recent);
  recent.count += 1;
  if (recent.count > looksASecond && recent.last !== undefined) return recent.last;
  recent.last = await lookAtComponents(deps);
  return recent.last;
}

function statusesOf({ database, kv, queue, cron, ...others }: Components) {
  return {
    database: database.status,
    kv: kv.status,
    queue: queue.status,
    cron: cron.status,
    oldest_waiting_event: others.oldest_waiting_event.status,
    last_stripe_contact: others.last_stripe_contact.status,
  };
}
