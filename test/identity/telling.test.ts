import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { newPerson } from '../support/people.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

const set = (change: string) => async () => {
  const { id, email } = await newPerson(worker);
  await worker.database.query(`update users set ${change} where id = $1`, [id]);
  return email;
};

/** One address more than an hour's mails, counted by the database under these names. */
async function overTheLimit(): Promise<string> {
  const { email } = await newPerson(worker);
  await worker.database.query(
    `insert into rate_limits (bucket, count, ends_at)
     select kind || ':account:' || encode(sha256($1::text::bytea), 'hex'), 5, now() + interval '1 hour'
     from unnest(array['sign_up', 'forgot_password']) as kind`,
    [email],
  );
  return email;
}

/** What an address can be to us. */
const kinds: Readonly<Record<string, () => Promise<string>>> = {
  unknown: async () => `${randomUUID()}@example.com`,
  active: async () => (await newPerson(worker)).email,
  staff: async () => (await newPerson(worker, 'admin')).email,
  unverified: set("status = 'unverified', email_verified_at = null"),
  invited: set("status = 'unverified', email_verified_at = null, role = 'viewer', password_hash = null"),
  locked: set("locked_until = now() + interval '1 hour', lock_count = 1"),
  disabled: set("status = 'disabled'"),
  deleted: async () => {
    const { id, email } = await newPerson(worker);
    await worker.database.query(
      "update users set status = 'deleted', email = null, password_hash = null where id = $1",
      [id],
    );
    return email;
  },
  'sent enough mails': overTheLimit,
};

const flows: Readonly<Record<string, (email: string) => Promise<TestAnswer>>> = {
  'a sign-up': (email) =>
    worker.request('/auth/sign-up', { body: { email, password: 'a password of this test' } }),
  'a forgotten password': (email) => worker.request('/auth/forgot-password', { body: { email } }),
  'a sign-in': (email) =>
    worker.request('/auth/sign-in', { body: { email, password: 'not the password at all' } }),
};

/** All that an answer, and the work for it, could tell by. */
async function traitsOf({ status, headers, text, databaseCalls }: TestAnswer) {
  const requestId = headers.get('X-Request-Id') ?? 'none';
  let hashes: unknown;
  await eventually('the request is logged', () => {
    const line = worker.logs().find((each) => each.includes('"hashes"') && each.includes(requestId));
    hashes = /"hashes":(\d+)/.exec(line ?? '')?.[1];
    return hashes !== undefined;
  });
  return {
    status,
    body: text.replaceAll(requestId, 'id'),
    headers: [...headers.keys()].toSorted(),
    databaseCalls,
    hashes,
  };
}

/** What is asked of an address that nobody has: the measure for all others. */
const usual: Record<string, Promise<unknown>> = {};

const cases = Object.keys(flows).flatMap((flow) => Object.keys(kinds).map((kind) => [flow, kind] as const));

test.each(cases)(
  '%s with an address that is %s is answered, and worked for, like one that nobody has',
  async (flow, kind) => {
    const [ask, make] = [flows[flow], kinds[kind]];
    if (ask === undefined || make === undefined) throw new Error('there is no such case');
    const expected = await (usual[flow] ??= ask(`${randomUUID()}@example.com`).then(traitsOf));
    expect(expected).toMatchObject({
      status: flow === 'a sign-in' ? 401 : 202,
      hashes: flow === 'a forgotten password' ? '0' : '1',
    });
    for (let time = 1; time <= 2; time += 1)
      expect(await traitsOf(await ask(await make()))).toEqual(expected);
  },
);

test('a sign-up with closed doors, or without mail, is refused to every address alike', async () => {
  const [closed, silent] = await Promise.all([
    startWorker({ variables: { SIGN_UPS: 'closed' } }),
    startWorker({ variables: { MAIL_API_URL: undefined, MAIL_API_KEY: undefined, MAIL_FROM: undefined } }),
  ]);
  try {
    const body = { password: 'a password of this test' };
    for (const [to, status, code] of [
      [closed, 403, 'sign_ups_closed'],
      [silent, 503, 'mail_not_configured'],
    ] as const) {
      for (const { email } of [{ email: 'nobody@example.com' }, await newPerson(to)]) {
        const { status: answered, json } = await to.request('/auth/sign-up', { body: { email, ...body } });
        expect([answered, json.code]).toEqual([status, code]);
      }
    }
    for (const { email } of [{ email: 'nobody@example.com' }, await newPerson(silent)]) {
      const { status, json } = await silent.request('/auth/forgot-password', { body: { email } });
      expect([status, json.code]).toEqual([503, 'mail_not_configured']);
    }
  } finally {
    await Promise.all([closed.stop(), silent.stop()]);
  }
});

test('too many sign-ups and forgotten passwords from one network address are refused, whomever they name', async () => {
  await worker.database.query(
    `insert into rate_limits (bucket, count, ends_at)
     select kind || ':address:192.0.2.7', 99, now() + interval '9 minutes' from unnest(array['sign_up', 'forgot_password']) as kind`,
  );
  const from = (path: string, body: object) =>
    worker.request(path, { body, headers: { 'CF-Connecting-IP': '192.0.2.7' } });
  for (const [path, more] of [
    ['/auth/sign-up', { password: 'a password of this test' }],
    ['/auth/forgot-password', {}],
  ] as const) {
    expect((await from(path, { email: 'first@example.com', ...more })).status).toBe(202);
    for (const email of ['nobody@example.com', (await newPerson(worker)).email]) {
      const answer = await from(path, { email, ...more });
      expect([answer.status, answer.json.code]).toEqual([429, 'too_many_requests']);
      expect(Number(answer.headers.get('Retry-After'))).toBeGreaterThan(400);
      expect(await traitsOf(answer)).toMatchObject({ hashes: '0', databaseCalls: 1 });
    }
  }
});
