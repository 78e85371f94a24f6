import { describe, expect, test } from 'vitest';
import type { StripeSandbox } from '../../dev/stripe-sandbox/index.ts';
import { raw, receiver, refusal, sandbox, sdk, stateOf, submit } from './support.ts';

/** What each of a row of requests of the same kinds gets, without the SDK's help. */
async function story(server: StripeSandbox): Promise<string[]> {
  const answers: string[] = [];
  for (let step = 0; step < 12; step += 1) {
    const [method, path] =
      step % 2 === 0 ? (['POST', '/v1/products'] as const) : (['GET', '/v1/prices'] as const);
    const answer = await raw(server, method, path, method === 'POST' ? { form: 'name=A' } : {}).then(
      ({ status }) => String(status),
      () => 'lost',
    );
    answers.push(answer);
  }
  return answers;
}

const MIXED = { rate_limit: 0.2, error: 0.2, saved_error: 0.1, lost_answer: 0.2 };

describe('chaos of the API', () => {
  test('is the same for the same story and seed, and another for another seed', async () => {
    const { sandbox: server } = await sandbox();
    const stories: string[][] = [];
    for (const seed of ['7', '7', '8']) {
      server.setChaos({ seed, ...MIXED });
      stories.push(await story(server));
    }
    expect(stories[1]).toEqual(stories[0]);
    expect(stories[2]).not.toEqual(stories[0]);
    expect(new Set(stories[0])).toEqual(new Set(['200', '429', '500', 'lost']));
    server.setChaos(undefined);
    expect(new Set(await story(server))).toEqual(new Set(['200']));
  });

  test('counts what it did, per misbehaviour', async () => {
    const { sandbox: server } = await sandbox();
    server.setChaos({ seed: '7', ...MIXED });
    const answers = await story(server);
    server.setChaos(undefined);
    const { chaos } = await stateOf(server);
    const times = (what: string): number => answers.filter((answer) => answer === what).length;
    expect(chaos).toMatchObject({
      config: null,
      counts: { rate_limit: times('429'), lost_answer: times('lost') },
    });
    const { error = 0, saved_error = 0 } = chaos.counts ?? {};
    expect(error + saved_error).toBe(times('500'));
  });

  test('other requests in between change nothing: only the kind and its count matter', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const customer = await stripe.customers.create({});
    const ofCustomers = async (isDisturbed: boolean): Promise<number[]> => {
      server.setChaos({ seed: '3', error: 0.5 });
      const statuses: number[] = [];
      for (let step = 0; step < 8; step += 1) {
        if (isDisturbed) await raw(server, 'GET', '/v1/products');
        const path = step % 2 === 0 ? '/v1/customers/cus_none' : `/v1/customers/${customer.id}`;
        statuses.push((await raw(server, 'GET', path)).status === 500 ? 500 : 0);
      }
      return statuses;
    };
    const alone = await ofCustomers(false);
    expect(await ofCustomers(true)).toEqual(alone);
    expect(new Set(alone)).toEqual(new Set([0, 500]));
  });

  test('hits only the paths it is told to', async () => {
    const { sandbox: server, stripe } = await sandbox();
    server.setChaos({ seed: '1', error: 1, paths: ['POST /v1/products', '/v1/prices'] });
    expect((await stripe.products.list()).data).toEqual([]);
    expect(await refusal(stripe.products.create({ name: 'A' }))).toMatchObject({ statusCode: 500 });
    expect(await refusal(stripe.prices.list())).toMatchObject({ statusCode: 500 });
  });

  test('a saved 500 is replayed, also when chaos has ended; a hang ends with the client', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const key = { idempotencyKey: 'key-1' };
    server.setChaos({ seed: '1', saved_error: 1 });
    const first = await refusal(stripe.products.create({ name: 'A' }, key));
    server.setChaos(undefined);
    const again = await refusal(stripe.products.create({ name: 'A' }, key));
    expect([first.statusCode, again.statusCode]).toEqual([500, 500]);

    server.setChaos({ seed: '1', hang: 1 });
    const other = { idempotencyKey: 'key-2' };
    const impatient = sdk(server, { timeout: 200 });
    expect(await refusal(impatient.products.create({ name: 'B' }, other))).toMatchObject({
      type: 'StripeConnectionError',
    });
    server.setChaos(undefined);
    // The sandbox may learn only then that the client has gone.
    await expect
      .poll(() =>
        stripe.products.create({ name: 'B' }, other).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true);
  });
});

describe('chaos of webhooks', () => {
  const namesOf = (received: readonly { body: string }[]): string[] =>
    received.map(({ body }) => JSON.parse(body).data.object.name);

  test('duplicates: an event comes twice, and is taken once', async () => {
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: endpoint });
    server.setChaos({ seed: '1', duplicate: 1 });
    await stripe.products.create({ name: 'A' });
    await server.settled();
    expect(namesOf(endpoint.received)).toEqual(['A', 'A']);
    expect((await stripe.events.list()).data).toMatchObject([{ pending_webhooks: 0 }]);
  });

  test('reordering, delay and bursts: everything comes, in another order, in any case in bounded time', async () => {
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: endpoint });
    server.setChaos({ seed: '2', reorder: 0.5, delay: 0.3, burst: 0.1, delay_ms: 1000, burst_ms: 100 });
    const names = Array.from({ length: 20 }, (_, index) => String(index));
    for (const name of names) await stripe.products.create({ name });
    await server.settled();
    expect(namesOf(endpoint.received)).not.toEqual(names);
    expect(namesOf(endpoint.received).toSorted()).toEqual(names.toSorted());
    const { chaos } = await stateOf(server);
    for (const name of ['reorder', 'delay', 'burst'] as const)
      expect(chaos.counts?.[name]).toBeGreaterThan(0);
  });

  test('what is held back goes out when chaos ends', async () => {
    const endpoint = await receiver();
    const { sandbox: server, stripe } = await sandbox({ webhookEndpoint: endpoint });
    server.setChaos({ seed: '1', burst: 1, burst_ms: 60_000 });
    for (const name of ['A', 'B', 'C']) await stripe.products.create({ name });
    await raw(server, 'GET', '/v1/products');
    expect(endpoint.received).toEqual([]);
    server.setChaos(undefined);
    await server.settled();
    expect(namesOf(endpoint.received)).toEqual(['A', 'B', 'C']);
  });
});

describe('/_sandbox/chaos', () => {
  test('is set by a form or by JSON, shown, and ended', async () => {
    const { sandbox: server, stripe } = await sandbox();
    const url = `${server.url}/_sandbox/chaos`;
    const config = { seed: '9', error: 1, paths: ['/v1/prices'] };
    const json = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(config),
    });
    expect(await json.json()).toMatchObject({ config, counts: { error: 0 } });
    expect(await refusal(stripe.prices.list())).toMatchObject({ statusCode: 500 });
    await submit(url, { seed: '9', rate_limit: '1', error: '' });
    expect(await refusal(stripe.prices.list())).toMatchObject({ statusCode: 429 });
    expect(await (await fetch(url)).json()).toMatchObject({
      config: { rate_limit: 1 },
      counts: { rate_limit: 1 },
    });
    await submit(url, { off: '1' });
    expect((await stripe.prices.list()).data).toEqual([]);
    await submit(url, { error: '1' });
    await fetch(url, { method: 'DELETE' });
    expect((await stripe.prices.list()).data).toEqual([]);
  });

  test.each([
    { error: '2' },
    { error: 'often' },
    { error: '0.6', hang: '0.6' },
    { eror: '1' },
    { delay_ms: '1e9' },
  ])('refuses %o', async (fields) => {
    const { sandbox: server } = await sandbox();
    expect((await submit(`${server.url}/_sandbox/chaos`, fields)).status).toBe(400);
  });
});
