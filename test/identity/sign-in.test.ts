import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  cookieOf,
  freshCode,
  givePassword,
  newPerson,
  newSession,
  ownPage,
  signIn,
} from '../support/people.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

describe('a sign-in', () => {
  test('with the right password opens a session, in two calls', async () => {
    const person = await newPerson(worker);
    const { status, json, databaseCalls, text } = await givePassword(worker, person);
    expect([status, databaseCalls], text).toEqual([200, 2]);
    const balance = await worker.request('/credits/balance', { token: json.access_token });
    expect([balance.status, balance.databaseCalls]).toEqual([200, 1]);
  });

  test('is done whatever the client calls itself, also where that is cut within a character', async () => {
    const person = await newPerson(worker);
    const agent = Buffer.from(`${'x'.repeat(299)}\u{1f600}`).toString('latin1');
    const { status, text } = await worker.request('/auth/sign-in', {
      body: { email: person.email, password: person.password },
      headers: { 'User-Agent': agent },
    });
    expect(status, text).toBe(200);
  });

  test('with a second factor takes four calls at most', async () => {
    const person = await newPerson(worker, 'admin');
    const first = await givePassword(worker, person);
    expect(first.json).toMatchObject({ second_factor_required: true });
    expect(first.text).not.toContain('access_token');
    const second = await worker.request('/auth/sign-in/code', {
      body: { challenge: first.json.challenge, code: await freshCode(worker, person) },
    });
    expect([second.status, first.databaseCalls + second.databaseCalls], second.text).toEqual([200, 4]);
    const plans = await worker.request('/admin/pricing/plans', { token: second.json.access_token });
    expect(plans.status).toBe(200);
  });

  test('by cookie opens the same to a page of ours, in one call more', async () => {
    const cookie = await cookieOf(worker, await newPerson(worker, 'admin'));
    const { status, databaseCalls } = await worker.request('/credits/balance', {
      headers: { Cookie: cookie },
    });
    expect([status, databaseCalls]).toEqual([200, 2]);
    const body = { amount: 1 };
    const foreign = await worker.request('/credits/spend', { body, headers: { Cookie: cookie } });
    expect([foreign.status, foreign.json.code]).toEqual([403, 'foreign_origin']);
    const own = await worker.request('/credits/spend', { body, headers: { Cookie: cookie, ...ownPage } });
    expect(own.status).toBe(402);
  });
});

describe('a refresh', () => {
  test('of twenty at once gets all of them the same next token', async () => {
    const { refreshToken } = await newSession(worker);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        worker.request('/auth/refresh', { body: { refresh_token: refreshToken } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ json }) => json.refresh_token)).size).toBe(1);
  });
});

test('a session that was revoked opens nothing, at once and everywhere', async () => {
  const { accessToken, sessionId } = await signIn(worker, await newPerson(worker));
  await worker.database.query(
    "update sessions set revoked_at = now(), revoked_reason = 'test' where id = $1",
    [sessionId],
  );
  for (const path of ['/credits/balance', '/library/content', '/admin/pricing/plans']) {
    expect((await worker.request(path, { token: accessToken })).status).toBe(401);
  }
});

test('a confirmation wants password and code', async () => {
  const { accessToken: token, person } = await newSession(worker, 'admin');
  const ask = async (body: object) => (await worker.request('/auth/confirm', { token, body })).status;
  expect(await ask({ password: person.password })).toBe(403);
  expect(await ask({ password: 'wrong password', code: await freshCode(worker, person) })).toBe(403);
  expect(await ask({ password: person.password, code: await freshCode(worker, person) })).toBe(200);
});
