import type { LoadRequest } from '../measure/load.ts';
import { startWorkerd, type WorkerSetup } from '../measure/workerd.ts';

export const path = '/payment/plans';

/** As a browser asks, each time from another address. */
export function asks(count: number, more: Partial<LoadRequest> = {}): readonly LoadRequest[] {
  return Array.from({ length: count }, (_, n) => ({
    path,
    method: 'GET',
    ...more,
    headers: {
      Accept: 'application/json',
      'CF-Connecting-IP': `198.51.${(n >> 8) & 255}.${n & 255}`,
      ...more.headers,
    },
  }));
}

/** What the plan list is, for the bare Workers that answer the same. */
export async function answerOf(
  setup: WorkerSetup,
): Promise<{ readonly body: string; readonly etag: string }> {
  const workerd = await startWorkerd(setup);
  try {
    const answer = await fetch(`${workerd.url}${path}`);
    return { body: await answer.text(), etag: answer.headers.get('ETag') ?? '' };
  } finally {
    await workerd.stop();
  }
}
