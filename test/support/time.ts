import type { StripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import type { TestDatabase } from './database.ts';
import { eventually } from './eventually.ts';

/** `next`: to whatever happens next at Stripe. */
export type TimeStep = 'hour' | 'day' | 'week' | 'month' | 'next';

interface World {
  readonly database: TestDatabase;
  readonly stripe: StripeSandbox;
  scheduled(): Promise<void>;
}

/** The sandbox's time, which the Worker's business follows. */
export async function timeOf(stripe: StripeSandbox): Promise<Date> {
  const answer: { readonly now: string } = JSON.parse(await (await fetch(stripe.clockUrl)).text());
  return new Date(answer.now);
}

/** Moves the sandbox's time ahead, with all that follows from it: events, and what the cron trigger finds due. */
export async function advance(step: TimeStep | Date, world: World): Promise<void> {
  const move = step instanceof Date ? { to: String(Math.ceil(step.getTime() / 1000)) } : { by: step };
  const response = await fetch(`${world.stripe.clockUrl}/advance`, {
    method: 'POST',
    body: new URLSearchParams(move),
  });
  if (!response.ok) throw new Error(`time does not pass: ${response.status} ${await response.text()}`);
  await untilProcessed(world);
  await world.scheduled();
  await untilProcessed(world);
}

/** Waits until Stripe has delivered everything, and the inbox has no event that is still to be processed. */
export async function untilProcessed({ database, stripe }: Omit<World, 'scheduled'>): Promise<void> {
  await stripe.settled();
  await eventually('every event is processed', async () => {
    const rows = await database.query(
      "select 1 from webhook_events where status in ('pending', 'processing')",
    );
    return rows.length === 0;
  });
}
