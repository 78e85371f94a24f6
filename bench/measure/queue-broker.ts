/** What a queue answers to a message. Its figures are nobody's concern, but must be there. */
export const queueTaken =
  '{ metadata: { metrics: { backlogCount: 0, backlogBytes: 0, oldestMessageTimestamp: 0 } } }';

/**
 * A Worker that brings what another one sends to its queue back to it, in batches as wrangler.toml has them: at once,
 * ten messages at most, twenty batches at one time. What is to be tried again comes again after its delay. Of the calls
 * that workerd makes for a queue it knows those for one message and for several.
 * Source: https://github.com/cloudflare/workerd/blob/main/src/workerd/api/queue.c++
 */
export const queueBroker = `const taken = ${queueTaken};
const waiting = [];
let running = 0;
let sent = 0;

async function deliver(env) {
  while (waiting.length > 0 && running < 20) {
    running += 1;
    const batch = waiting.splice(0, 10);
    try {
      await deliverBatch(env, batch);
    } finally {
      running -= 1;
    }
  }
}

async function deliverBatch(env, batch) {
  const result = await env.CONSUMER.queue('ratecard-webhooks', batch).catch(() => ({ outcome: 'exception' }));
  const isAllAgain = result.outcome !== 'ok' || result.retryBatch?.retry === true;
  const delays = new Map(result.retryMessages?.map(({ msgId, delaySeconds }) => [msgId, delaySeconds]));
  const again = batch.filter(({ id }) => isAllAgain || delays.has(id));
  await Promise.all(
    again.map(async (message) => {
      await scheduler.wait((delays.get(message.id) ?? result.retryBatch?.delaySeconds ?? 30) * 1000);
      waiting.push({ ...message, attempts: message.attempts + 1 });
      await deliver(env);
    }),
  );
}

async function bodiesOf(request) {
  if (new URL(request.url).pathname !== '/batch') return [await request.json()];
  const { messages } = await request.json();
  return messages.map(({ body }) => JSON.parse(atob(body)));
}

export default {
  async fetch(request, env, context) {
    const bodies = await bodiesOf(request);
    const delaySeconds = Number(request.headers.get('X-Msg-Delay-Secs') ?? 0);
    const take = async () => {
      if (delaySeconds > 0) await scheduler.wait(delaySeconds * 1000);
      for (const body of bodies) {
        sent += 1;
        waiting.push({ id: String(sent), timestamp: new Date(), body, attempts: 1 });
      }
      await deliver(env);
    };
    context.waitUntil(take());
    return Response.json(taken);
  },
};`;

/** Handlers other than fetch are open to a service binding only by this flag, which workerd calls experimental. */
export const queueBrokerMembers = `compatibilityFlags = ["service_binding_extra_handlers"],
  bindings = [(name = "CONSUMER", service = "main")],`;
