import { createHmac, randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { deliver, inboxRow, processed, signature } from '../support/shop.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ stripeDelivers: false });
});
afterEach(() => worker.gateway.setFault(undefined));
afterAll(() => worker.stop());

const now = () => Math.floor(Date.now() / 1000);
const megabytes = (count: number) => 'x'.repeat(count * 1024 * 1024);

/** A good event, as far as nothing else is said. */
function newEvent(members: Readonly<Record<string, unknown>> = {}): Record<string, unknown> {
  return {
    id: `evt_${randomUUID().replaceAll('-', '')}`,
    object: 'event',
    api_version: '2026-10-28.endive',
    created: now(),
    data: { object: { id: 'cs_test_nowhere', object: 'checkout.session' } },
    livemode: false,
    pending_webhooks: 1,
    request: null,
    type: 'checkout.session.completed',
    ...members,
  };
}

interface Delivery {
  readonly body: string | Buffer;
  /** Lines of `Stripe-Signature`. */
  readonly signatures?: readonly string[];
  readonly isChunked?: boolean;
}

interface Answer {
  readonly status: number;
  readonly code: unknown;
  readonly databaseCalls: number;
}

/** Over a plain connection, which sends what `fetch` would put right. */
function post({ body, signatures = [], isChunked = false }: Delivery): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      `${worker.url}/payment/webhook`,
      {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          ...(signatures.length === 0 ? {} : { 'Stripe-Signature': [...signatures] }),
          ...(isChunked
            ? { 'Transfer-Encoding': 'chunked' }
            : { 'Content-Length': String(Buffer.byteLength(body)) }),
        },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            code: JSON.parse(Buffer.concat(chunks).toString()).code,
            databaseCalls: Number(/n=(\d+)/.exec(String(response.headers['server-timing']))?.[1]),
          }),
        );
        response.on('error', reject);
      },
    );
    sent.on('error', reject);
    sent.end(body);
  });
}

const secret = () => worker.stripe.webhookSecret;
const digest = (payload: string, time: unknown, key = secret()) =>
  createHmac('sha256', key)
    .update(`${String(time)}.${payload}`)
    .digest('hex');
/** Signed by the right secret, with whatever stands for the time. */
const at = (time: unknown) => (payload: string) => [`t=${String(time)},v1=${digest(payload, time)}`];
const zeros = '0'.repeat(64);

type Sign = (payload: string) => readonly string[];

const badSignatures: Readonly<Record<string, Sign>> = {
  missing: () => [],
  empty: () => [''],
  blank: () => ['   '],
  'a comma': () => [','],
  garbage: () => ['nonsense'],
  'a bearer token': () => ['Bearer eyJhbGciOiJub25lIn0.e30.'],
  'of another secret': (payload) => [signature(payload, `whsec_${'x'.repeat(32)}`)],
  'of an empty secret': (payload) => [
    `t=${now()},v1=${createHmac('sha256', '').update(payload).digest('hex')}`,
  ],
  'of the secret without its beginning': (payload) => [signature(payload, secret().replace('whsec_', ''))],
  'of another body': () => [signature('{}', secret())],
  'of the body without the time': (payload) => [
    `t=${now()},v1=${createHmac('sha256', secret()).update(payload).digest('hex')}`,
  ],
  'cut short': (payload) => [signature(payload, secret()).slice(0, -1)],
  'one digit longer': (payload) => [`${signature(payload, secret())}0`],
  'of zeros': () => [`t=${now()},v1=${zeros}`],
  'an empty one, with a time': () => [`t=${now()},v1=`],
  'a time alone': () => [`t=${now()}`],
  'without a time': (payload) => [`v1=${digest(payload, now())}`],
  'only v0': (payload) => [`t=${now()},v0=${digest(payload, now())}`],
  'only v2': (payload) => [`t=${now()},v2=${digest(payload, now())}`],
  'in capitals': (payload) => [`t=${now()},v1=${digest(payload, now()).toUpperCase()}`],
  'in base64': (payload) => [
    `t=${now()},v1=${createHmac('sha256', secret()).update(`${now()}.${payload}`).digest('base64')}`,
  ],
  'a hundred wrong ones': () => [`t=${now()},${Array.from({ length: 100 }, () => `v1=${zeros}`).join()}`],
  'two lines, both wrong': (payload) => [
    signature(payload, `whsec_${'x'.repeat(32)}`),
    signature(payload, `whsec_${'y'.repeat(32)}`),
  ],
  '301 s old': (payload) => [signature(payload, secret(), now() - 301)],
  'a day old': (payload) => [signature(payload, secret(), now() - 86_400)],
  '310 s ahead': (payload) => [signature(payload, secret(), now() + 310)],
  'of the year 9999': at(253_402_300_799),
  'at a time that is no number': at('NaN'),
  'at an infinite time': at('Infinity'),
  'at a huge time': at('9'.repeat(300)),
  'at a negative time': at(-1),
  'at the beginning of time': at(0),
  'at a time with a fraction': (payload) => at(`${now()}.5`)(payload),
  'at a time in hexadecimal': (payload) => at(`0x${now().toString(16)}`)(payload),
  'at a time in milliseconds': (payload) => at(Date.now())(payload),
  'old, behind a new time': (payload) => [`t=${now()},t=1,v1=${digest(payload, 1)}`],
  'ahead, behind a new time': (payload) => [`t=${now()},t=99999999999,v1=${digest(payload, 99_999_999_999)}`],
};

const tooLarge: Readonly<Record<string, Delivery>> = {
  '10 MB, unsigned': { body: megabytes(10) },
  '10 MB in chunks, without a length': { body: megabytes(10), isChunked: true },
  '10 MB with a signature of nobody': { body: megabytes(10), signatures: [`t=1,v1=${zeros}`] },
};

/** One object within the other, 100,000 deep. */
const deep = `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}`;

const signedNonsense: Readonly<Record<string, unknown>> = {
  'an array': '[]',
  'a string': '"x"',
  'an empty object': '{}',
  null: 'null',
  'a number': '1e400',
  'no JSON': 'payload=x',
  'a NUL': '\u0000',
  'half an event': JSON.stringify(newEvent()).slice(0, -5),
  'a very deep object': deep,
  'a thin v2 event': {
    id: 'evt_test_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0',
    object: 'v2.core.event',
    type: 'v1.billing.meter.error_report_triggered',
    created: '2026-11-01T00:00:00.000Z',
    livemode: false,
  },
  'a list of events': { object: 'list', data: [newEvent()] },
  'another object': newEvent({ object: 'checkout.session' }),
  'an event without an id': newEvent({ id: undefined }),
  'an event with an object for its id': newEvent({ id: { id: 'evt_1' } }),
  'an event with a NUL in its id': newEvent({ id: 'evt_\u0000' }),
  'an event with SQL in its id': newEvent({ id: "evt_'; drop table webhook_events" }),
  'an event with an endless id': newEvent({ id: `evt_${'x'.repeat(5000)}` }),
  'an event with a NUL in its type': newEvent({ type: 'checkout.\u0000session.completed' }),
  'an event with a NUL in its version': newEvent({ api_version: '2026\u0000' }),
  'an event of no type': newEvent({ type: null }),
  'an event of a negative time': newEvent({ created: -1 }),
  'an event of the year 300000': newEvent({ created: 9e12 }),
  'an event without data': newEvent({ data: undefined }),
  'an event about a list': newEvent({ data: { object: [] } }),
  'an event of whatever mode': newEvent({ livemode: 'false' }),
};

/** How many were refused by each code, as it is written down. */
async function rejections(): Promise<Record<string, number>> {
  const rows = await worker.database.query<{ code: string; count: number }>(
    'select code, sum(count)::int as count from webhook_rejections group by code',
  );
  return Object.fromEntries(rows.map(({ code, count }) => [code, count]));
}

async function expectCounted(expected: Readonly<Record<string, number>>): Promise<void> {
  await eventually('all refusals are counted', async () => {
    const counts = await rejections();
    return Object.entries(expected).every(([code, count]) => (counts[code] ?? 0) >= count);
  });
  expect(await rejections()).toEqual(expected);
}

const sent: Record<string, number> = {};

/** What is refused leaves no row and asks the database nothing. */
async function expectRefused(delivery: Delivery, status: number, code: string): Promise<void> {
  expect(await post(delivery)).toEqual({ status, code, databaseCalls: 0 });
  sent[code] = (sent[code] ?? 0) + 1;
}

describe('a hostile delivery is refused, and nothing of it is stored', () => {
  test.each(Object.entries(badSignatures))('with a signature that is %s', async (_name, sign) => {
    const body = JSON.stringify(newEvent());
    await expectRefused({ body, signatures: sign(body) }, 400, 'invalid_signature');
  });

  test.each([
    ['invalid UTF-8', Buffer.from([0x7b, 0xff, 0xfe, 0x7d])],
    ['NULs', Buffer.alloc(1000)],
    ['a byte order mark', Buffer.from(`\ufeff${JSON.stringify(newEvent())}`)],
  ])('with %s, unsigned', async (_name, body) => {
    await expectRefused({ body, signatures: [`t=${now()},v1=${zeros}`] }, 400, 'invalid_signature');
  });

  test.each(Object.entries(tooLarge))('of %s', async (_name, delivery) => {
    await expectRefused(delivery, 413, 'body_too_large');
  });

  test('of 10 MB that is signed', async () => {
    const body = JSON.stringify(newEvent({ padding: megabytes(10) }));
    await expectRefused({ body, signatures: [signature(body, secret())] }, 413, 'body_too_large');
    await expectRefused(
      { body, signatures: [signature(body, secret())], isChunked: true },
      413,
      'body_too_large',
    );
  });

  test.each(Object.entries(signedNonsense))('that is signed and is %s', async (_name, content) => {
    const body = typeof content === 'string' ? content : JSON.stringify(content);
    await expectRefused({ body, signatures: [signature(body, secret())] }, 400, 'not_an_event');
  });

  test('that is signed and empty', async () => {
    await expectRefused({ body: '', signatures: [signature('', secret())] }, 400, 'invalid_signature');
  });

  test('that is signed and of the other mode', async () => {
    const body = JSON.stringify(newEvent({ livemode: true }));
    await expectRefused({ body, signatures: [signature(body, secret())] }, 400, 'wrong_livemode');
  });

  test('of all these: no row, and each is counted by what it was refused for', async () => {
    expect(await worker.database.query('select event_id from webhook_events')).toEqual([]);
    await expectCounted(sent);
    expect(sent['invalid_signature']).toBeGreaterThan(30);
  });

  test('and whoever runs the installation is told of the burst, once', async () => {
    await worker.scheduled();
    await worker.scheduled();
    const alerts = await worker.database.query<{ kind: string }>('select kind from alerts');
    expect(alerts.map(({ kind }) => kind)).toEqual(['signature_failures']);
  });
});

describe('counting refusals', () => {
  const flood = (count: number) =>
    Promise.all(
      Array.from({ length: count }, async () => {
        const answer = await worker.request('/payment/webhook', { body: '{}' });
        expect([answer.status, answer.databaseCalls]).toEqual([400, 0]);
      }),
    );
  const isCount = (queries: readonly string[]) =>
    queries.some((query) => query.includes('webhook_rejections'));

  test('takes one call to the database a second, however many there are', async () => {
    const before = await rejections();
    let calls = 0;
    worker.gateway.setFault(({ queries }) => {
      if (isCount(queries)) calls += 1;
      return 'none';
    });
    const started = performance.now();
    for (let round = 0; round < 10; round += 1) await flood(50);
    await expectCounted({ ...before, invalid_signature: (before['invalid_signature'] ?? 0) + 500 });
    expect(calls).toBeLessThanOrEqual(1 + (performance.now() - started) / 1000);
  });

  test('loses none that come while others are being written, and none when that fails', async () => {
    const before = await rejections();
    const gate = Promise.withResolvers<void>();
    let writes = 0;
    worker.gateway.setFault(({ queries }) => {
      if (!isCount(queries)) return 'none';
      writes += 1;
      if (writes === 1) return { delayUntil: gate.promise };
      return writes === 2 ? 'refuse' : 'none';
    });
    await flood(5);
    await eventually('the first are being written', () => writes === 1);
    await flood(7);
    await eventually('the next cannot be written', () => writes === 2);
    gate.resolve();
    await eventually('the failure is known', () =>
      worker.logs().some((line) => line.includes('write_rejections')),
    );
    await flood(1);
    await expectCounted({ ...before, invalid_signature: (before['invalid_signature'] ?? 0) + 13 });
  });

  test('holds up no event of Stripe’s', async () => {
    const gate = Promise.withResolvers<void>();
    let isHeld = false;
    worker.gateway.setFault(({ queries }) => {
      if (!isCount(queries)) return 'none';
      isHeld = true;
      return { delayUntil: gate.promise };
    });
    await flood(3);
    await eventually('the refusals are being written', () => isHeld);
    const event = newEvent();
    const { status, databaseCalls } = await deliver(worker, event);
    gate.resolve();
    expect([status, databaseCalls]).toEqual([200, 1]);
    await processed(worker);
    expect(await inboxRow(worker, event['id'])).toMatchObject({ ignored_reason: 'not_ours' });
  });
});
