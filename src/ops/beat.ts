import { z } from 'zod';
import { describeFault } from '../core/log.ts';
import { systemClock } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { beatHeart } from './queries.ts';

/** A message of the queue that asks for nothing but to be seen. */
const beatMessage = z.object({ beat: z.literal('queue') });

type BeatMessage = Pick<Message, 'body' | 'timestamp' | 'ack'>;

/** Notes that the cron trigger runs, and has the queue show the same. For the scheduled job. */
export async function beat(deps: Pick<Deps, 'db' | 'webhookQueue'>): Promise<void> {
  const message: z.output<typeof beatMessage> = { beat: 'queue' };
  await Promise.all([deps.db.run(beatHeart('cron', 0)), deps.webhookQueue.send(message)]);
}

export function isBeat(body: unknown): boolean {
  return beatMessage.safeParse(body).success;
}

/**
 * Notes that messages come through, and when the newest of them was sent: a queue that is an hour behind was last seen
 * an hour ago. One that cannot be noted is let go, as the next comes within a minute.
 */
export async function answerBeats(
  deps: Pick<Deps, 'db' | 'log'>,
  messages: readonly BeatMessage[],
): Promise<void> {
  if (messages.length === 0) return;
  const newest = Math.max(...messages.map(({ timestamp }) => timestamp.getTime()));
  try {
    await deps.db.run(beatHeart('queue', Math.max(0, (systemClock.now().getTime() - newest) / 1000)));
  } catch (error) {
    deps.log.warn('queue_beat_lost', describeFault(error));
  }
  for (const message of messages) message.ack();
}
