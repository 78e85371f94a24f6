import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { alertsOf, toldOf } from '../support/alerts.ts';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { startReceiver, type Receiver } from '../support/receiver.ts';
import { balanceOf, buy, makeDue, newBuyer, pay, processed, stripeOf, type Buyer } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

/** One night, told in order: each test goes on where the one before it ended. */
let worker: TestWorker;
let receiver: Receiver;
let admin: string;
/** Who wants to be told of alerts, and the endpoint that fails in the night. */
let secret: string;
let brokenId: string;
const buyers: Buyer[] = [];

/** The types of events that fail while Stripe does. */
let failing: readonly string[] = [];

/** Each is worth 500 credits. */
const package500 = { package: 'credits_500' };
const plan500 = { plan: 'starter_monthly' };
const nightly = '17 3 * * *';
const gapCron = '*/5 * * * *';

const ask = (path: string, body?: unknown, method?: string): Promise<TestAnswer> =>
  worker.request(path, {
    token: admin,
    ...(body === undefined ? {} : { body }),
    ...(method ? { method } : {}),
  });

async function endpoint(url: string, eventTypes: readonly string[], format = 'standard') {
  const { status, json, text } = await ask('/admin/endpoints', { url, event_types: eventTypes, format });
  expect(status, text).toBe(201);
  return json;
}

beforeAll(async () => {
  [worker, receiver] = await Promise.all([startWorker(), startReceiver()]);
  await syncToStripe(worker);
  admin = await worker.token('admin', 'ada');
  ({ secret } = await endpoint(`${receiver.url}/standard`, ['alert.*']));
  await endpoint(`${receiver.url}/slack`, ['alert.*'], 'slack');
  await endpoint('mailto:night@shop.test', ['alert.*'], 'mail');
  ({ id: brokenId } = (await endpoint(`${receiver.url}/broken`, ['package.changed'])).endpoint);
  receiver.setAnswer(({ path }) => (path === '/broken' ? 410 : 204));
});
afterAll(async () => {
  await receiver.stop();
  await worker.stop();
});

/** A minute passes, and its cron trigger fires twice, as it may. */
async function minute(): Promise<void> {
  await Promise.all([worker.scheduled(), worker.scheduled()]);
}

/** What an operator sees that is wrong: `kind subject`. */
async function wrong(): Promise<readonly string[]> {
  const { alerts } = (await ask('/admin/alerts?status=open&limit=100')).json;
  return alerts.map(({ kind, subject }: Record<string, string>) => `${kind} ${subject}`.trim()).toSorted();
}

/** Answers the pay page. */
async function newSale(item: typeof package500 | typeof plan500 = package500): Promise<string> {
  const buyer = await newBuyer(worker);
  buyers.push(buyer);
  return (await buy(worker, buyer, item)).checkoutUrl;
}

const move = (table: string, column: string, by: string) =>
  worker.database.query(`update ${table} set ${column} = ${column} - interval '${by}'`);

const inARow = () => ['all', ...failing].map((subject) => `consecutive_failures ${subject}`);

test('a quiet evening: nothing is wrong', async () => {
  await pay(await newSale());
  await processed(worker);
  await minute();
  expect(await wrong()).toEqual([]);
});

test('the secret is wrong: deliveries are refused in a burst', async () => {
  worker.stripe.setWebhookEndpoint(undefined);
  const stripe = stripeOf(worker);
  const rolled = await stripe.webhookEndpoints.create({
    url: `${worker.url}/payment/webhook`,
    enabled_events: ['*'],
  });
  await pay(await newSale());
  await pay(await newSale());
  await eventually('ten were refused', async () => {
    const rows = await worker.database.query(
      "select 1 from webhook_rejections where code = 'invalid_signature' having sum(count) >= 10",
    );
    return rows.length === 1;
  });
  await stripe.webhookEndpoints.del(rolled.id);
  await minute();
  expect(await wrong()).toEqual(['signature_failures']);
});

test('what was refused is found in Stripe’s list: a gap', async () => {
  worker.stripe.setWebhookEndpoint({ url: `${worker.url}/payment/webhook` });
  await worker.advance(new Date((await worker.now()).getTime() + 120_000));
  await worker.scheduled(gapCron);
  await processed(worker);
  await minute();
  expect(await wrong()).toEqual(['gap', 'signature_failures']);
  await eventually('all have their credits', async () => {
    const balances = await Promise.all(buyers.map((buyer) => balanceOf(worker, buyer)));
    return balances.every((balance) => balance === 500);
  });
});

test('Stripe fails: events fail in a row, of each type and of all', async () => {
  const pages = [await newSale(plan500), await newSale(plan500), await newSale(plan500)];
  worker.stripe.setFault(({ method }) => (method === 'GET' ? { status: 500 } : 'none'));
  for (const page of pages) await pay(page);
  await processed(worker);
  for (let round = 1; round <= 2; round += 1) {
    await makeDue(worker);
    await minute();
    await processed(worker);
  }
  await minute();
  const rows = await worker.database.query<{ type: string }>(
    "select distinct event_type as type from webhook_events where status = 'failed' order by 1",
  );
  failing = rows.map(({ type }) => type);
  expect(failing).toEqual(expect.arrayContaining(['checkout.session.completed', 'invoice.paid']));
  expect(await wrong()).toEqual([...inARow(), 'gap', 'signature_failures'].toSorted());
});

test('an event has no try left: it is dead', async () => {
  await worker.database.query(
    `update webhook_events set failures = 8, next_attempt_at = now()
     where event_id = (select min(event_id) from webhook_events where status = 'failed')`,
  );
  await minute();
  await processed(worker);
  await minute();
  expect(await wrong()).toContain('dead_events');
});

test('no worker takes anything: what is due gets old', async () => {
  worker.gateway.setFault(({ queries }) =>
    queries.some((query) => query.includes('claim_webhook_event')) ? 'refuse' : 'none',
  );
  await makeDue(worker);
  await move('webhook_events', 'next_attempt_at', '10 minutes');
  await minute();
  expect(await wrong()).toContain('backlog_age');
  const { status, json } = await worker.request('/health/ready');
  expect([status, json.degraded]).toEqual([200, ['oldest_waiting_event']]);
});

test('the books differ from Stripe’s', async () => {
  worker.stripe.setFault(undefined);
  await worker.scheduled(nightly);
  await minute();
  expect(await wrong()).toContain('reconcile_differences');
});

test('an endpoint says that it is gone', async () => {
  expect((await ask(`/admin/endpoints/${brokenId}/test`, undefined, 'POST')).status).toBe(200);
  await eventually('it is disabled', async () => {
    const { endpoints } = (await ask('/admin/endpoints')).json;
    return endpoints.some(({ id, enabled }: Record<string, unknown>) => id === brokenId && enabled === false);
  });
  await minute();
  expect(await wrong()).toEqual(everything().toSorted());
});

/** All that went wrong, in the order in which it did. */
const everything = () => [
  'signature_failures',
  'gap',
  ...inARow(),
  'dead_events',
  'backlog_age',
  'reconcile_differences',
  `endpoint_disabled ${brokenId}`,
];

test('somebody wakes up, and takes note of everything', async () => {
  const { alerts } = (await ask('/admin/alerts?acknowledged=false')).json;
  expect(alerts).toHaveLength(everything().length);
  for (const { id } of alerts) {
    const { json } = await ask(`/admin/alerts/${id}/acknowledge`, { note: 'on it' });
    expect(json.alert).toMatchObject({ acknowledged_by: 'admin:ada', note: 'on it', status: 'open' });
  }
  expect((await ask('/admin/alerts?acknowledged=false')).json.alerts).toEqual([]);
});

test('all is repaired, and over: each alert is closed', async () => {
  worker.gateway.setFault(undefined);
  const { events: dead } = (await ask('/admin/webhooks?status=dead')).json;
  for (const { event_id: id } of dead) {
    expect((await ask(`/admin/webhooks/${id}/retry`, { reason: 'Stripe is back' })).status).toBe(200);
  }
  await makeDue(worker);
  await minute();
  await processed(worker);
  await ask(`/admin/endpoints/${brokenId}`, { enabled: true }, 'PATCH');
  await worker.scheduled(nightly);
  await minute();
  expect(await wrong()).toEqual(['gap', 'signature_failures']);
  await move('gap_checks', 'updated_at', '20 minutes');
  await move('webhook_rejections', 'minute', '20 minutes');
  await minute();
  await minute();
  expect(await wrong()).toEqual([]);
  expect((await worker.request('/health/ready')).json.degraded).toEqual([]);
  expect(await Promise.all(buyers.map((buyer) => balanceOf(worker, buyer)))).toEqual(buyers.map(() => 500));
  await expectSoundLedger(worker.database.query);
});

test('in the morning: each alert was opened once, closed once, and told once, by each way', async () => {
  expect((await alertsOf(worker.database.query)).toSorted()).toEqual(
    everything()
      .map((alert) => `${alert} closed`)
      .toSorted(),
  );
  const told = everything().flatMap((alert) => [`alert.closed ${alert}`, `alert.opened ${alert}`]);
  expect(await toldOf(worker.database.query)).toEqual(Object.fromEntries(told.map((what) => [what, 1])));
  await eventually('everything is told', async () => {
    await worker.scheduled();
    const waiting = await worker.database.query(
      "select 1 from event_deliveries where status in ('pending', 'delivering')",
    );
    return waiting.length === 0;
  });

  const messages = receiver.requests('/standard').map(({ body, headers }) => {
    new Webhook(secret).verify(body, headers);
    const { type, data } = JSON.parse(body);
    return `${type} ${data.kind} ${data.subject}`.trim();
  });
  expect(messages.toSorted()).toEqual(told.toSorted());
  const lines = receiver.requests('/slack').map(({ body }) => String(JSON.parse(body).text));
  const mails = worker.mailbox.mails().filter(({ to }) => to.includes('night@shop.test'));
  for (const said of [lines, mails.map(({ subject }) => subject)]) {
    expect(said).toHaveLength(told.length);
    for (const kind of ['signature failures', 'gap', 'dead events', 'backlog age', 'reconcile differences']) {
      for (const what of ['Alert opened', 'Alert closed']) {
        expect(said.filter((line) => line.includes(`${what}: ${kind}`))).toHaveLength(1);
      }
    }
  }
});
