import { randomUUID } from 'node:crypto';
import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startWorker, type TestRequest, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: string;
let customer: string;

beforeAll(async () => {
  worker = await startWorker({ variables: { CORS_ORIGINS: 'https://shop.test' } });
  [admin, customer] = await Promise.all([worker.token('admin'), worker.token('customer')]);
});

afterAll(async () => {
  await worker.stop();
});

/** A refusal that points at what is wrong, and is no fault of ours. */
async function expectRefused(
  path: string,
  request: TestRequest,
  status: number,
  pointer?: string,
): Promise<void> {
  const answer = await worker.request(path, request);
  expect([path, answer.status], answer.text).toEqual([path, status]);
  expect(answer.headers.get('Content-Type')).toBe('application/problem+json');
  expect(answer.json).toMatchObject({
    status,
    code: expect.any(String),
    request_id: expect.stringMatching(/^req_/),
  });
  if (pointer !== undefined) {
    expect(answer.json.errors.map((each: { pointer: string }) => each.pointer)).toContain(pointer);
  }
}

describe('a body', () => {
  const plan = '/admin/pricing/plans/starter_monthly';

  test.each([
    ['a price as text', '{"price":"99"}', '/price'],
    ['a fraction of a penny', '{"price":9.5}', '/price'],
    ['a negative price', '{"price":-1}', '/price'],
    ['a price beyond what Stripe takes', '{"price":100000000}', '/price'],
    ['a huge integer', '{"price":123456789012345678901234567890}', '/price'],
    ['1e400', '{"price":1e400}', '/price'],
    ['null for a price', '{"price":null}', '/price'],
    ['negative credits', '{"credits":-5}', '/credits'],
    ['an unknown currency form', '{"currency":"pounds"}', '/currency'],
    ['NUL in a name', '{"name":"a\\u0000b"}', '/name'],
    ['a lone surrogate in a name', '{"name":"\\ud800"}', '/name'],
    ['an empty name', '{"name":"  "}', '/name'],
    ['a feature that is no text', '{"features":["a",1]}', '/features/1'],
    ['a time that is none', '{"price":1,"valid_from":"tomorrow"}', '/valid_from'],
    ['an unknown field', '{"price":1,"prize":1}', '/prize'],
  ])('with %s is refused, and points at it', async (_, body, pointer) => {
    await expectRefused(plan, { method: 'PATCH', token: admin, body }, 422, pointer);
  });

  test.each([
    ['no JSON', '{"price":'],
    ['NaN', '{"price":NaN}'],
    ['nothing', ''],
    ['deep nesting', '['.repeat(30_000)],
  ])('that is %s is refused', async (_, body) => {
    await expectRefused(plan, { method: 'PATCH', token: admin, body }, 400);
  });

  test.each([
    ['an array', '[]'],
    ['a text', '"x"'],
    ['null', 'null'],
    ['a number', '1'],
  ])('that is %s is refused', async (_, body) => {
    await expectRefused(plan, { method: 'PATCH', token: admin, body }, 422);
  });

  test('of another content type is refused with 415', async () => {
    for (const type of ['text/plain', 'application/xml', 'application/x-www-form-urlencoded']) {
      const headers = { 'Content-Type': type };
      await expectRefused(
        '/payment/create-checkout',
        { token: customer, body: '{"plan":"x"}', headers },
        415,
      );
    }
  });

  test('of 10 MB is refused with 413, whoever sends it', async () => {
    const body = JSON.stringify({ plan: 'x'.repeat(10 * 1024 * 1024) });
    for (const path of ['/payment/create-checkout', '/payment/webhook']) {
      await expectRefused(path, { token: customer, body }, 413);
    }
  });

  test('that comes in chunks, without a length, is held to the same', async () => {
    const sent = async (method: string, path: string, size: number) => {
      const answered = Promise.withResolvers<number | undefined>();
      const headers = { Authorization: `Bearer ${customer}`, 'Content-Type': 'application/json' };
      const request = httpRequest(`${worker.url}${path}`, { method, headers }, (response) => {
        response.resume().on('end', () => answered.resolve(response.statusCode));
      });
      request.on('error', answered.reject);
      request.write('{"plan":"');
      request.end(`${'x'.repeat(size)}"}`);
      return answered.promise;
    };
    expect(await sent('POST', '/payment/create-checkout', 10)).toBe(404);
    expect(await sent('POST', '/payment/create-checkout', 10 * 1024 * 1024)).toBe(413);
    expect(await sent('POST', '/payment/create-checkout', 100 * 1024)).toBe(413);
    expect(await sent('GET', '/credits/balance', 10)).toBe(200);
  });

  test('that names a checkout of something strange is refused', async () => {
    for (const body of [
      {},
      { plan: 1 },
      { plan: ['starter_monthly'] },
      { plan: 'a'.repeat(100) },
      { plan: "x' or 1=1" },
    ]) {
      await expectRefused('/payment/create-checkout', { token: customer, body }, 422, '/plan');
    }
    const extra = { plan: 'starter_monthly', success_url: 'https://evil.test' };
    await expectRefused('/payment/create-checkout', { token: customer, body: extra }, 422, '/success_url');
  });
});

describe('a parameter', () => {
  test.each(['0', '-1', '101', '1e3', 'ten', '', '99999999999999999999', '5.5', ' 5'])(
    'limit=%j is refused',
    async (limit) => {
      for (const path of ['/credits/history', '/admin/pricing/history', '/admin/pricing/plans']) {
        await expectRefused(`${path}?limit=${encodeURIComponent(limit)}`, { token: admin }, 400, '?limit');
      }
    },
  );

  test.each(['garbage', '%00', 'LTE', '____', 'MQ==', 'OTk5OTk5OTk5OTk5OTk5OTk5OTk5', randomUUID()])(
    'cursor=%s is refused',
    async (cursor) => {
      for (const path of ['/credits/history', '/admin/pricing/history', '/admin/pricing/plans']) {
        await expectRefused(`${path}?cursor=${cursor}`, { token: admin }, 400, '?cursor');
      }
    },
  );

  test('given twice is refused', async () => {
    await expectRefused('/credits/history?limit=1&limit=2', { token: customer }, 400, '?limit');
  });

  test('that no route knows is refused', async () => {
    await expectRefused('/credits/history?offset=5', { token: customer }, 400, '?offset');
  });

  test('in a path names nothing when it is strange', async () => {
    for (const key of ['%00', '%F0%9F%92%A9', 'A', "x'--", 'x'.repeat(500), '%E0%A4%A', '%ff']) {
      await expectRefused(`/admin/pricing/plans/${key}`, { token: admin }, 404);
      await expectRefused(`/credits/check/${key}`, { token: customer }, 404);
    }
  });

  test.each(['""', '   ', 'x'.repeat(256), 'käse'])('Idempotency-Key %j is refused', async (key) => {
    const headers = { 'Idempotency-Key': encodeIfNeeded(key) };
    await expectRefused(
      '/payment/create-portal-session',
      { token: customer, body: {}, headers },
      400,
      'Idempotency-Key',
    );
  });
});

/** Header values are bytes: what is not Latin-1 could not be sent at all. */
function encodeIfNeeded(value: string): string {
  return Buffer.from(value, 'utf8').toString('latin1');
}

describe('a page of another origin', () => {
  const preflight = (origin: string) => ({
    method: 'OPTIONS',
    headers: { Origin: origin, 'Access-Control-Request-Method': 'POST' },
  });

  test('that is configured may call, without credentials of the browser', async () => {
    const answer = await worker.request('/payment/create-checkout', preflight('https://shop.test'));
    expect(answer.status).toBe(204);
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBe('https://shop.test');
    expect(answer.headers.get('Access-Control-Allow-Credentials')).toBeNull();
    expect(answer.headers.get('Access-Control-Allow-Headers')).toContain('Idempotency-Key');
  });

  test('that is not configured may not', async () => {
    const answer = await worker.request('/payment/create-checkout', preflight('https://evil.test'));
    expect(answer.headers.get('Access-Control-Allow-Origin')).toBeNull();
    const plans = await worker.request('/payment/plans', { headers: { Origin: 'https://evil.test' } });
    expect(plans.headers.get('Access-Control-Allow-Origin')).toBeNull();
  });
});

describe('a fault', () => {
  test('tells a request id and nothing else, and its log line no secret', async () => {
    worker.gateway.setFault(() => 'error');
    try {
      const { status, text } = await worker.request('/credits/balance', { token: customer });
      expect(status).toBe(503);
      expect(text).not.toMatch(/select|postgres|127\.0\.0\.1|neon/i);
    } finally {
      worker.gateway.setFault(undefined);
    }
    const logs = worker.logs().join('\n');
    for (const secret of [
      worker.tokens.secret,
      worker.stripe.webhookSecret,
      worker.stripe.apiKey,
      admin,
      customer,
    ]) {
      expect(logs).not.toContain(secret);
    }
    expect(logs).not.toMatch(/select |insert into|password/i);
  });
});
