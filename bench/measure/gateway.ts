/** A process of its own for the gateway that speaks Neon's HTTP protocol: it shares no event loop with the load. */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { startGateway } from '../../dev/neon-gateway/index.ts';
import { hold } from './held.ts';

export interface RunningGateway {
  readonly url: string;
  readonly pid: number;
  stop(): Promise<void>;
}

export async function forkGateway(): Promise<RunningGateway> {
  const child = fork(import.meta.filename, ['serve']);
  const ended = once(child, 'exit');
  const stop = hold(async () => {
    if (child.connected) child.disconnect();
    await ended;
  });
  const [url] = await once(child, 'message');
  return {
    url: String(url),
    pid: child.pid ?? 0,
    stop,
  };
}

if (process.argv[2] === 'serve' && process.send !== undefined) {
  const gateway = await startGateway();
  process.once('disconnect', () => void gateway.stop().then(() => process.exit()));
  process.send(gateway.url);
}
