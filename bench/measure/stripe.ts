/** A process of its own for the stand-in for Stripe: it shares no event loop with the load. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { startStripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import { hold } from './held.ts';

export interface RunningStripe {
  readonly url: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
  stop(): Promise<void>;
}

type Facts = Omit<RunningStripe, 'stop'>;

export async function forkStripe(): Promise<RunningStripe> {
  const child = fork(import.meta.filename, ['serve']);
  const ended = once(child, 'exit');
  const stop = hold(async () => {
    if (child.connected) child.disconnect();
    await ended;
  });
  const [facts]: Facts[] = await once(child, 'message');
  if (facts === undefined) throw new Error('the stand-in for Stripe did not start');
  return { ...facts, stop };
}

if (process.argv[2] === 'serve' && process.send !== undefined) {
  const sandbox = await startStripeSandbox();
  process.once('disconnect', () => void sandbox.stop().then(() => process.exit()));
  const { url, apiKey, webhookSecret } = sandbox;
  process.send({ url, apiKey, webhookSecret } satisfies Facts);
}
