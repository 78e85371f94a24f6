import { constants } from 'node:os';

/** What a run gives back however it ends: processes that it has started, folders that it has made. */
type Release = () => Promise<void>;

const held = new Set<Release>();

/**
 * Keeps the release for a run that is cut off. What it returns releases once, whoever calls it how often. To be called
 * in the same turn in which the thing came to be, so that nothing can be cut off between.
 */
export function hold(release: Release): Release {
  let released: Promise<void> | undefined;
  const once = (): Promise<void> => {
    released ??= release().finally(() => held.delete(once));
    return released;
  };
  held.add(once);
  return once;
}

/** Releases all that is held, the latest first, and what is begun meanwhile. A release that fails stops no other. */
export async function releaseAll(): Promise<void> {
  while (held.size > 0) await Promise.allSettled([...held].toReversed().map((release) => release()));
}

/** Lets a run that is cut off (Ctrl-C, or a signal) release what it holds before it ends. A second time it just ends. */
export function releaseWhenCutOff(): AbortSignal {
  const cutOff = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      cutOff.abort();
      void releaseAll().then(() => process.exit(128 + constants.signals[signal]));
    });
  }
  return cutOff.signal;
}
