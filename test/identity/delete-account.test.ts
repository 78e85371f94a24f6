import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { expectSoundLedger } from '../support/ledger.ts';
import { plantKey } from '../support/keys.ts';
import { cookieOf, newPerson, newSession, ownPage, signIn, type SignedIn } from '../support/people.ts';
import { booksOf, buy, newBuyer, pay, processed, stripeOf } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
  await syncToStripe(worker);
});
afterEach(() => {
  worker.gateway.setFault(undefined);
  worker.stripe.setFault(undefined);
});
afterAll(async () => {
  await expectSoundLedger(worker.database.query);
  await worker.stop();
});

const atOnce = 20;
const clearedCookie = expect.stringMatching(/^__Host-session=; Max-Age=0; Path=\/;/);

const leave = ({ accessToken: token }: SignedIn, headers: Readonly<Record<string, string>> = {}) =>
  worker.request('/auth/me', { method: 'DELETE', token, headers });

const buyerOf = ({ person, accessToken }: SignedIn) => ({ subject: person.id, token: accessToken });

/** Somebody signed in who has paid for a plan, and whose subscription is known. */
async function newSubscriber(): Promise<SignedIn & { readonly subscriptionId: string }> {
  const session = await newSession(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyerOf(session), { plan: 'starter_monthly' });
  await pay(checkoutUrl);
  const bought = await stripeOf(worker).checkout.sessions.retrieve(sessionId);
  const subscriptionId = String(bought.subscription);
  await eventually('the subscription is known', async () => (await rowOf(subscriptionId)) === 'active');
  await processed(worker);
  return { ...session, subscriptionId };
}

async function rowOf(subscriptionId: string): Promise<string | undefined> {
  const [row] = await worker.database.query<{ status: string }>(
    'select status from subscriptions where stripe_subscription_id = $1',
    [subscriptionId],
  );
  return row?.status;
}

const atStripe = async (subscriptionId: string) =>
  (await stripeOf(worker).subscriptions.retrieve(subscriptionId)).status;

async function customerOf({ person }: SignedIn) {
  const [row] = await worker.database.query<{
    id: string;
    email: string | null;
    name: string | null;
    stripe_customer_id: string | null;
    closed_at: string | null;
  }>('select id, email, name, stripe_customer_id, closed_at from customers where subject = $1', [person.id]);
  return row;
}

async function statusOf({ person }: SignedIn): Promise<string | undefined> {
  const [row] = await worker.database.query<{ status: string }>('select status from users where id = $1', [
    person.id,
  ]);
  return row?.status;
}

/** The tables that hold a text somewhere. */
async function tracesOf(text: string): Promise<readonly string[]> {
  const tables = await worker.database.query<{ name: string }>(
    "select table_name as name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'",
  );
  const found: string[] = [];
  for (const { name } of tables) {
    const rows = await worker.database.query(
      `select 1 from "${name}" as row where row::text like '%' || $1 || '%' limit 1`,
      [text],
    );
    if (rows.length > 0) found.push(name);
  }
  return found;
}

const count = async (table: string, userId: string) =>
  (await worker.database.query(`select 1 from ${table} where user_id = $1`, [userId])).length;

async function eventsOf({ person }: SignedIn): Promise<number> {
  const rows = await worker.database.query(
    "select 1 from auth_events where user_id = $1 and event_type = 'account_deleted' and outcome = 'success'",
    [person.id],
  );
  return rows.length;
}

describe('a subscribed customer with credits who deletes the account', () => {
  test('leaves the books and no name; what is at Stripe has ended, and later events are processed as usual', async () => {
    const leaver = await newSubscriber();
    const { person, accessToken: token, subscriptionId } = leaver;
    const page = await buy(worker, buyerOf(leaver), { package: 'credits_500' });
    const wish = { enabled: true, threshold: 1, package: 'credits_500', monthly_cap: 500 };
    const headers = { 'Idempotency-Key': randomUUID() };
    const topUp = await worker.request('/credits/auto-top-up', { method: 'PUT', token, body: wish, headers });
    expect(topUp.status, topUp.text).toBe(200);
    const planted = await plantProofs(leaver);
    const before = { customer: await customerOf(leaver), books: await booksOf(worker, buyerOf(leaver)) };
    expect(before.customer?.email).toBe(person.email);

    const answer = await leave(leaver);
    expect([answer.status, answer.json], answer.text).toEqual([200, { success: true }]);

    expect(await atStripe(subscriptionId)).toBe('canceled');
    expect(await rowOf(subscriptionId)).toBe('canceled');
    expect((await stripeOf(worker).checkout.sessions.retrieve(page.sessionId)).status).toBe('expired');
    const [user] = await worker.database.query('select * from users where id = $1', [person.id]);
    expect(user).toMatchObject({ status: 'deleted', email: null, name: null, password_hash: null });
    for (const table of ['sessions', 'auth_tokens', 'totp_factors', 'recovery_codes']) {
      expect([table, await count(table, person.id)]).toEqual([table, 0]);
    }
    const customer = await customerOf(leaver);
    for (const key of planted)
      expect((await worker.request('/credits/balance', { token: key })).status).toBe(401);
    const keys = await worker.database.query('select name from api_keys where customer_id = $1', [
      customer?.id,
    ]);
    expect(keys).toEqual([{ name: 'deleted' }, { name: 'deleted' }]);
    expect(customer).toEqual({ ...before.customer, email: null, name: null, closed_at: expect.anything() });
    const wishes = await worker.database.query('select * from auto_top_ups where customer_id = $1', [
      customer?.id,
    ]);
    expect(wishes).toEqual([expect.objectContaining({ is_enabled: false })]);

    await processed(worker);
    const failed = await worker.database.query(
      "select event_type, last_error from webhook_events where status not in ('processed', 'ignored')",
    );
    expect(failed).toEqual([]);
    const { checkouts: _closed, ...books } = await booksOf(worker, buyerOf(leaver));
    const { checkouts: _open, ...kept } = before.books;
    expect(books).toEqual(kept);
    expect(books.payments).toHaveLength(1);
    expect(await eventsOf(leaver)).toBe(1);
    // Stripe's own events are kept as they came, for as long as their payloads are.
    expect((await tracesOf(person.email)).filter((table) => table !== 'webhook_events')).toEqual([]);
  });

  test('is let in by nothing any more, and the address signs up again as somebody new', async () => {
    const leaver = await newSubscriber();
    const cookie = await cookieOf(worker, leaver.person);
    expect((await leave(leaver)).status).toBe(200);
    const { accessToken: token, refreshToken, person } = leaver;
    expect((await worker.request('/credits/balance', { token })).status).toBe(401);
    expect((await worker.request('/credits/balance', { headers: { Cookie: cookie } })).status).toBe(401);
    expect((await worker.request('/auth/refresh', { body: { refresh_token: refreshToken } })).status).toBe(
      401,
    );
    const { email, password } = person;
    expect((await worker.request('/auth/sign-in', { body: { email, password } })).status).toBe(401);
    expect((await leave(leaver)).status).toBe(401);

    const successor = await newPerson(worker);
    await worker.database.query('update users set email = $2 where id = $1', [successor.id, email]);
    const session = await signIn(worker, { ...successor, email });
    const balance = await worker.request('/credits/balance', { token: session.accessToken });
    expect(balance.json.credits.balance).toBe(0);
    await buy(worker, buyerOf(session), { plan: 'starter_monthly' });
    const [mine, theirs] = [await customerOf(session), await customerOf(leaver)];
    expect(mine).toMatchObject({ email });
    expect(mine?.id).not.toBe(theirs?.id);
    expect(mine?.stripe_customer_id).not.toBe(theirs?.stripe_customer_id);
  });

  test('by a cookie loses that, too', async () => {
    const { person } = await newSession(worker);
    const headers = { Cookie: await cookieOf(worker, person), ...ownPage };
    const left = await worker.request('/auth/me', { method: 'DELETE', headers });
    expect([left.status, left.headers.get('Set-Cookie')]).toEqual([200, clearedCookie]);
    const refused = await worker.request('/credits/balance', { headers });
    expect([refused.status, refused.headers.get('Set-Cookie')]).toEqual([401, clearedCookie]);
  });

  test('is told so, at the address that is forgotten', async () => {
    const leaver = await newSession(worker);
    await leave(leaver);
    await eventually('the mail is there', () =>
      worker.mailbox.mails().some(({ to }) => JSON.stringify(to).includes(leaver.person.email)),
    );
  });

  test('once, also when it is asked twenty times at once', async () => {
    const leaver = await newSubscriber();
    const answers = await Promise.all(Array.from({ length: atOnce }, () => leave(leaver)));
    const statuses = new Set(answers.map(({ status }) => status));
    expect([...statuses].filter((status) => ![200, 401].includes(status))).toEqual([]);
    expect(statuses).toContain(200);
    expect(await eventsOf(leaver)).toBe(1);
    expect(await atStripe(leaver.subscriptionId)).toBe('canceled');
    await processed(worker);
    expect(await rowOf(leaver.subscriptionId)).toBe('canceled');
  });

  test('has nothing to pay any more, also when pages are opened and paid at the same time', async () => {
    const leaver = await newSession(worker);
    const items = [{ plan: 'starter_monthly' }, { package: 'credits_500' }];
    const opened = Array.from({ length: atOnce }, async (_, index) => {
      const item = items[index % 2];
      const path = index % 2 === 0 ? '/payment/create-checkout' : '/payment/purchase-credits';
      const { json } = await worker.request(path, { token: leaver.accessToken, body: item });
      if (index === 0 && typeof json.checkout_url === 'string') await pay(json.checkout_url);
    });
    const [answer] = await Promise.all([leave(leaver), ...opened]);
    expect([200, 503]).toContain(answer.status);
    if (answer.status === 503) expect((await leave(leaver)).status).toBe(200);
    await processed(worker);
    const customer = await customerOf(leaver);
    expect(customer).toMatchObject({ email: null, name: null, closed_at: expect.anything() });
    const left = await worker.database.query(
      "select status from checkouts where customer_id = $1 and status in ('opening', 'open')",
      [customer?.id],
    );
    expect(left).toEqual([]);
    const stripeCustomer = customer?.stripe_customer_id;
    if (typeof stripeCustomer !== 'string') return;
    const stripe = stripeOf(worker);
    const pages = await stripe.checkout.sessions.list({
      customer: stripeCustomer,
      status: 'open',
      limit: 100,
    });
    expect(pages.data).toEqual([]);
    const going = await stripe.subscriptions.list({ customer: stripeCustomer, limit: 100 });
    expect(going.data).toEqual([]);
  });
});

/** What else an account may have: proofs of all kinds, and keys, which it answers. */
async function plantProofs(leaver: SignedIn): Promise<readonly string[]> {
  const { id } = leaver.person;
  const query = (text: string, ...values: readonly unknown[]) => worker.database.query(text, [...values]);
  await query('insert into totp_factors (user_id, pending_secret) values ($1, $2)', id, 'sealed');
  await query('insert into recovery_codes (user_id, code_hash) values ($1, $2)', id, randomUUID());
  await query(
    `insert into auth_tokens (token_hash, user_id, purpose, expires_at, new_email)
     values ($1, $2, 'change_email', now() + interval '1 day', $3)`,
    randomUUID(),
    id,
    leaver.person.email,
  );
  const planted = await plantKey(worker, { scopes: ['credits:read'], customer: id, owner: id });
  const byAdmin = await plantKey(worker, { scopes: ['credits:read'], customer: id });
  return [planted.key, byAdmin.key];
}

describe('nothing is deleted', () => {
  async function expectIntact(leaver: SignedIn): Promise<void> {
    expect(await statusOf(leaver)).toBe('active');
    expect(await customerOf(leaver)).toMatchObject({ email: leaver.person.email, closed_at: null });
    const { status } = await worker.request('/credits/balance', { token: leaver.accessToken });
    expect(status).toBe(200);
  }

  test.each([
    ['GET /v1/subscriptions', { status: 500 }, 'stripe_unavailable'],
    ['DELETE /v1/subscriptions/:id', { status: 500 }, 'stripe_unavailable'],
    ['DELETE /v1/subscriptions/:id', 'lose-answer', 'stripe_unavailable'],
    ['GET /v1/subscriptions/:id', { status: 500 }, 'stripe_unavailable'],
    ['DELETE /v1/subscriptions/:id', { status: 400 }, 'stripe_refused'],
  ] as const)('while Stripe fails at %s (%j), and the same again ends it', async (place, fault, code) => {
    const leaver = await newSubscriber();
    worker.stripe.setFault(({ method, route }) => (`${method} ${route}` === place ? fault : 'none'));
    const refused = await leave(leaver);
    expect([refused.status, refused.json.code]).toEqual([503, code]);
    expect(refused.headers.get('Retry-After')).toMatch(/^\d+$/);
    await expectIntact(leaver);
    worker.stripe.setFault(undefined);
    expect((await leave(leaver)).status).toBe(200);
    expect(await atStripe(leaver.subscriptionId)).toBe('canceled');
    expect(await statusOf(leaver)).toBe('deleted');
  });

  test.each(['refuse', 'rollback', 'lose-answer'] as const)(
    'by half when the database is cut off at the end (%s), and the same again ends it',
    async (fault) => {
      const leaver = await newSubscriber();
      const isEnd = (query: string) => query.includes('delete_account(');
      worker.gateway.setFault(({ queries }) => (queries.some(isEnd) ? fault : 'none'));
      expect((await leave(leaver)).status).toBe(503);
      worker.gateway.setFault(undefined);
      if (fault !== 'lose-answer') await expectIntact(leaver);
      expect((await leave(leaver)).status).toBe(fault === 'lose-answer' ? 401 : 200);
      expect(await statusOf(leaver)).toBe('deleted');
      expect(await customerOf(leaver)).toMatchObject({ email: null, closed_at: expect.anything() });
      expect(await eventsOf(leaver)).toBe(1);
    },
  );

  test('without a fresh proof, and where there is no account', async () => {
    const leaver = await newSession(worker);
    await worker.database.query(
      "update sessions set confirmed_at = now() - interval '6 minutes' where id = $1",
      [leaver.sessionId],
    );
    const stale = await leave(leaver);
    expect([stale.status, stale.json.code]).toEqual([403, 'reauthentication_required']);
    await expectIntactAccount(leaver);
    const token = (await newBuyer(worker)).token;
    expect((await worker.request('/auth/me', { method: 'DELETE', token })).status).toBe(403);
  });

  const expectIntactAccount = async (leaver: SignedIn) => expect(await statusOf(leaver)).toBe('active');
});

describe('an admin', () => {
  /** So many, and no other one. */
  async function onlyAdmins(howMany: number): Promise<readonly SignedIn[]> {
    await worker.database.query("update users set status = 'disabled' where role = 'admin'");
    return Promise.all(Array.from({ length: howMany }, () => newSession(worker, 'admin')));
  }

  const isRefused = ({ status, json }: TestAnswer) => status === 409 && json.code === 'last_admin';

  test('who is the last one stays, and with another one goes', async () => {
    const [last] = await onlyAdmins(1);
    if (last === undefined) throw new Error('there is no admin');
    expect(isRefused(await leave(last))).toBe(true);
    expect(await statusOf(last)).toBe('active');
    await newPerson(worker, 'admin');
    expect((await leave(last)).status).toBe(200);
  });

  test('stays of eight that leave at once', async () => {
    const admins = await onlyAdmins(8);
    const answers = await Promise.all(admins.map((admin) => leave(admin)));
    expect(answers.filter(isRefused)).toHaveLength(1);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(7);
  });
});

describe('a customer whose account was deleted', () => {
  test('buys nothing, whatever token says its name, and gets no address back', async () => {
    const leaver = await newSession(worker);
    await leave(leaver);
    const token = await worker.token('customer', leaver.person.id);
    const ask = async (path: string, method: string, body: object) =>
      (await worker.request(path, { method, token, body })).status;
    expect(await ask('/payment/create-checkout', 'POST', { plan: 'starter_monthly' })).toBe(401);
    expect(await ask('/payment/purchase-credits', 'POST', { package: 'credits_500' })).toBe(401);
    const wish = { enabled: false, threshold: 1, package: 'credits_500', monthly_cap: 500 };
    expect(await ask('/credits/auto-top-up', 'PUT', wish)).toBe(401);
    await worker.database.query("update customers set email = 'back@example.com' where subject = $1", [
      leaver.person.id,
    ]);
    expect(await customerOf(leaver)).toMatchObject({ email: null });
  });

  test('leaves no answer that was kept for an Idempotency-Key', async () => {
    const leaver = await newSession(worker);
    const headers = { 'Idempotency-Key': randomUUID() };
    const body = { package: 'credits_500' };
    await worker.request('/payment/purchase-credits', { token: leaver.accessToken, body, headers });
    const kept = () =>
      worker.database.query("select 1 from idempotency_keys where principal like '%' || $1 || '%'", [
        leaver.person.id,
      ]);
    expect(await kept()).toHaveLength(1);
    const answer = await leave(leaver, { 'Idempotency-Key': randomUUID() });
    expect(answer.status, answer.text).toBe(200);
    expect(await kept()).toHaveLength(1);
  });
});
