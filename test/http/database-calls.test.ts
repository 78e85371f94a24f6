import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createApp } from '../../src/app.ts';
import { totpOf } from '../../src/identity/totp.ts';
import { eventually } from '../support/eventually.ts';
import { plantEvent } from '../support/inbox.ts';
import { plantKey } from '../support/keys.ts';
import { freshCode, givePassword, newPerson, newSession, plantSession } from '../support/people.ts';
import { balanceOf, buy, newBuyer, pay, processed, signature, type Buyer } from '../support/shop.ts';
import { ask as askAs, subscriber } from '../support/subscriber.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let buyer: Buyer;
let admin: string;

beforeAll(async () => {
  worker = await startWorker({ variables: { JWT_LEGACY_ISSUER: 'https://old.test' } });
  await syncToStripe(worker);
  [buyer, admin] = await Promise.all([newBuyer(worker), worker.token('admin')]);
  await pay((await buy(worker, buyer, { package: 'credits_500' })).checkoutUrl);
  await eventually('the buyer has credits', async () => (await balanceOf(worker, buyer)) === 500);
});

/** What each route took. The benchmark has it written to a file. */
const measured: Record<string, number> = {};

afterAll(async () => {
  await worker.stop();
  const file = process.env.DATABASE_CALLS_FILE;
  if (file !== undefined) await writeFile(file, JSON.stringify(measured));
});

const read = (path: string) => () => worker.request(path, { token: buyer.token });
const readAsAdmin = (path: string) => () => worker.request(path, { token: admin });
const warm = (path: string) => async () => {
  await worker.request(path);
  return worker.request(path);
};
const write = (path: string, body: unknown) => () =>
  worker.request(path, { token: buyer.token, body, headers: { 'Idempotency-Key': randomUUID() } });

async function heldId(): Promise<string> {
  return (await write('/credits/holds', { amount: 1 })()).json.hold.id;
}

/** Of a new subscriber, while no event is on its way. */
const subscribed = (path: string, body: unknown) => async () => {
  const customer = await subscriber(worker, 'professional_monthly');
  worker.stripe.setWebhookEndpoint(undefined);
  const answered = await askAs(worker, customer, path, body);
  worker.stripe.setWebhookEndpoint({ url: `${worker.url}/payment/webhook` });
  return answered;
};
const change = (method: string, path: string, body?: unknown) => () =>
  worker.request(path, { method, token: admin, ...(body === undefined ? {} : { body }) });

const move = (how: string, body: object) => () =>
  worker.request(`/admin/customers/${buyer.subject}/credits/${how}`, {
    token: admin,
    body: { ...body, reason: 'test' },
  });

const newEvent = () => ({
  id: `evt_${randomUUID().replaceAll('-', '')}`,
  object: 'event',
  type: 'product.created',
  created: 1_800_000_000,
  livemode: false,
  data: { object: {} },
});

function deliverEvent(): Promise<TestAnswer> {
  const body = JSON.stringify(newEvent());
  const headers = { 'Stripe-Signature': signature(body, worker.stripe.webhookSecret) };
  return worker.request('/payment/webhook', { body, headers });
}

async function alertId(): Promise<string> {
  const [alert] = await worker.database.query<{ id: string }>(
    "insert into alerts (kind, subject, data) values ('gap', gen_random_uuid()::text, '{}') returning id",
  );
  return alert?.id ?? '';
}

function putTopUp(): Promise<TestAnswer> {
  return worker.request('/credits/auto-top-up', {
    method: 'PUT',
    token: buyer.token,
    body: { enabled: true, threshold: 1, package: 'credits_500', monthly_cap: 500 },
    headers: { 'Idempotency-Key': randomUUID() },
  });
}

/** An endpoint of its own, and a delivery that it was told with. */
async function endpoint(): Promise<{ readonly path: string; readonly delivery: string }> {
  const body = { url: 'http://127.0.0.1:1/', event_types: ['*'] };
  const path = `/admin/endpoints/${(await change('POST', '/admin/endpoints', body)()).json.endpoint.id}`;
  const { json } = await change('POST', `${path}/test`, {})();
  return { path, delivery: json.delivery_id };
}
const ofEndpoint = (method: string, rest: string, body?: unknown) => async () => {
  const { path } = await endpoint();
  const headers = method === 'GET' ? {} : { 'Idempotency-Key': randomUUID() };
  return worker.request(`${path}${rest}`, {
    method,
    token: admin,
    headers,
    ...(body === undefined ? {} : { body }),
  });
};

async function replayedDelivery(): Promise<TestAnswer> {
  const { path, delivery } = await endpoint();
  await worker.database.query("update event_deliveries set status = 'dead' where id = $1", [delivery]);
  return change('POST', `${path}/deliveries/${delivery}/replay`, {})();
}

/** A change of somebody's account, by an admin who has just signed in. */
const changeAccount =
  (action: string, body: object = {}) =>
  async () => {
    const [person, token] = await Promise.all([newPerson(worker), freshAdmin()]);
    const method = action === 'role' ? 'PUT' : 'POST';
    return worker.request(`/admin/users/${person.id}/${action}`, { method, token, body });
  };
/** Of an issuer that is configured: the old back end's. */
const changeIdentity = (method: string) => async () => {
  const token = await freshAdmin();
  const body = { issuer: 'https://old.test', subject: randomUUID() };
  const path = `/admin/customers/${buyer.subject}/identities`;
  const linked = await worker.request(path, { token, body });
  return method === 'POST' ? linked : worker.request(path, { method, token, body });
};
const freshAdmin = async () => plantSession(worker, await newPerson(worker, 'admin'));
const enrol = (token: string) => worker.request('/auth/second-factor', { method: 'POST', token });
/** Asks as somebody who has just signed in with a second factor. */
const asEnrolled = (method: string, path: string) => async () => {
  const person = await newPerson(worker, 'customer', { hasSecondFactor: true });
  return worker.request(path, { method, token: await plantSession(worker, person) });
};
/** Of somebody who has an account here, and has just signed in. */
const signedIn = (method: string, path: string, body?: object) => async () => {
  const token = await plantSession(worker, await newPerson(worker));
  return worker.request(path, { method, token, ...(body === undefined ? {} : { body }) });
};

const newAddress = () => `${randomUUID()}@example.com`;
const newPassword = { password: 'a password of this test' };
const withMail = (path: string, body: object, token?: string) => worker.request(path, { body, token });
const session = async () => plantSession(worker, await newPerson(worker));

/** Spends a link as a mail brings it. */
async function withLink(purpose: string, path: string, body: object = {}): Promise<TestAnswer> {
  const token = randomUUID();
  const status = purpose === 'verify_email' || purpose === 'invitation' ? 'unverified' : 'active';
  await worker.database.query(
    `with person as (insert into users (email, status) values ($1, $2) returning id)
     insert into auth_tokens (token_hash, user_id, purpose, expires_at, password_hash, new_email)
     select encode(sha256($3::text::bytea), 'hex'), id, $4, now() + interval '1 hour', 'x', 'new.' || $1 from person`,
    [newAddress(), status, token, purpose],
  );
  return worker.request(path, { body: { token, ...body } });
}

async function deleteSubscribed(): Promise<TestAnswer> {
  const person = await newPerson(worker);
  const token = await plantSession(worker, person);
  const { checkoutUrl } = await buy(worker, { subject: person.id, token }, { plan: 'starter_monthly' });
  await pay(checkoutUrl);
  await eventually('there is a subscription', async () => {
    const { json } = await worker.request('/payment/status', { token });
    return json.payment_status.subscription_status === 'active';
  });
  await processed(worker);
  return worker.request('/auth/me', { method: 'DELETE', token });
}

const plan = () => ({ plan_key: `plan_${randomUUID().slice(0, 8)}`, interval: 'month', ...terms('Plan') });
const pack = () => ({ package_key: `pack_${randomUUID().slice(0, 8)}`, ...terms('Package') });
const terms = (name: string) => ({ name, price: 100, currency: 'GBP', credits: 10 });

/** Asks as somebody who has just signed in, of a key of their own. */
const ofOwnKey = (method: string, rest: string, body?: unknown) => async () => {
  const person = await newPerson(worker);
  const token = await plantSession(worker, person);
  const { id } = await plantKey(worker, {
    scopes: ['credits:read'],
    customer: person.id,
    owner: person.id,
  });
  const path = `/auth/api-keys${rest.replace('{id}', id)}`;
  return worker.request(path, { method, token, ...(body === undefined ? {} : { body }) });
};
const ofKey = (method: string, rest: string, body?: unknown) => async () => {
  const token = await freshAdmin();
  const { id } = await plantKey(worker, { scopes: ['credits:read'] });
  const path = `/admin/api-keys${rest.replace('{id}', id)}`;
  return worker.request(path, { method, token, ...(body === undefined ? {} : { body }) });
};

/** What each route may cost in round trips to the database: the promise, and a request that costs the most. */
const budgets: Readonly<Record<string, readonly [calls: number, ask: () => Promise<TestAnswer>]>> = {
  'GET /': [0, read('/')],
  'GET /health': [0, read('/health')],
  'GET /health/ready': [1, read('/health/ready')],
  'GET /metrics': [1, () => readAsAdmin('/metrics')()],
  'GET /openapi.json': [0, read('/openapi.json')],
  'GET /docs': [0, read('/docs')],
  'GET /payment/plans': [0, warm('/payment/plans')],
  'GET /payment/credit-packages': [0, warm('/payment/credit-packages')],
  'GET /credits/costs': [0, warm('/credits/costs')],
  'POST /payment/webhook': [1, deliverEvent],
  'GET /credits/auto-top-up': [1, read('/credits/auto-top-up')],
  'PUT /credits/auto-top-up': [2, putTopUp],
  'GET /credits/notices': [1, read('/credits/notices')],
  'GET /credits/balance': [1, read('/credits/balance')],
  'GET /credits/history': [1, read('/credits/history')],
  'GET /credits/transactions/:id': [
    1,
    async () => {
      const { json } = await worker.request('/credits/history?limit=1', { token: buyer.token });
      return worker.request(`/credits/transactions/${json.transactions[0].id}`, { token: buyer.token });
    },
  ],
  'GET /credits/check/:operation_type': [1, read('/credits/check/blog_post')],
  'POST /credits/spend': [1, write('/credits/spend', { amount: 1 })],
  'POST /credits/holds': [1, write('/credits/holds', { amount: 1 })],
  'GET /credits/holds': [1, read('/credits/holds')],
  'GET /credits/holds/:id': [1, async () => read(`/credits/holds/${await heldId()}`)()],
  'POST /credits/holds/:id/capture': [2, async () => write(`/credits/holds/${await heldId()}/capture`, {})()],
  'POST /credits/holds/:id/release': [2, async () => write(`/credits/holds/${await heldId()}/release`, {})()],
  'GET /payment/payments': [1, read('/payment/payments')],
  'GET /payment/status': [1, read('/payment/status')],
  'GET /payment/status/history': [1, read('/payment/status/history?limit=1')],
  'POST /payment/create-checkout': [2, write('/payment/create-checkout', { plan: 'enterprise' })],
  'POST /payment/purchase-credits': [2, write('/payment/purchase-credits', { package: 'credits_500' })],
  'POST /payment/create-portal-session': [2, write('/payment/create-portal-session', {})],
  'GET /admin/customers': [1, readAsAdmin('/admin/customers?search=x')],
  'GET /admin/customers/:id': [1, () => readAsAdmin(`/admin/customers/${buyer.subject}`)()],
  'GET /admin/customers/:id/identities': [
    1,
    () => readAsAdmin(`/admin/customers/${buyer.subject}/identities`)(),
  ],
  'POST /admin/customers/:id/identities': [2, changeIdentity('POST')],
  'DELETE /admin/customers/:id/identities': [2, changeIdentity('DELETE')],
  'POST /admin/customers/:id/credits/grant': [1, move('grant', { credits: 5 })],
  'POST /admin/customers/:id/credits/adjust': [1, move('adjust', { credits: -1 })],
  'POST /admin/customers/:id/credits/claw-back': [1, move('claw-back', { credits: 1 })],
  'GET /admin/credits/costs': [1, readAsAdmin('/admin/credits/costs')],
  'PUT /admin/credits/costs/:operation_type': [
    2,
    change('PUT', '/admin/credits/costs/voice_over', { credits: 3 }),
  ],
  'DELETE /admin/credits/costs/:operation_type': [
    2,
    change('DELETE', '/admin/credits/costs/brand_voice_analysis'),
  ],
  'POST /payment/change-plan/preview': [2, subscribed('change-plan/preview', { plan: 'business_monthly' })],
  'POST /payment/change-plan': [2, subscribed('change-plan', { plan: 'business_monthly' })],
  'POST /payment/cancel-subscription': [2, subscribed('cancel-subscription', {})],
  'POST /payment/resume-subscription': [2, subscribed('resume-subscription', {})],
  'GET /payment/invoices': [1, read('/payment/invoices')],
  'GET /admin/alerts': [1, readAsAdmin('/admin/alerts?status=open')],
  'GET /admin/alerts/:id': [1, async () => readAsAdmin(`/admin/alerts/${await alertId()}`)()],
  'POST /admin/alerts/:id/acknowledge': [
    2,
    async () => change('POST', `/admin/alerts/${await alertId()}/acknowledge`, {})(),
  ],
  'GET /admin/endpoints': [1, readAsAdmin('/admin/endpoints')],
  'POST /admin/endpoints': [
    1,
    change('POST', '/admin/endpoints', { url: 'http://127.0.0.1:1/', event_types: ['*'] }),
  ],
  'GET /admin/endpoints/:id': [1, ofEndpoint('GET', '')],
  'PATCH /admin/endpoints/:id': [2, ofEndpoint('PATCH', '', { enabled: false })],
  'DELETE /admin/endpoints/:id': [2, ofEndpoint('DELETE', '')],
  'POST /admin/endpoints/:id/rotate-secret': [2, ofEndpoint('POST', '/rotate-secret', {})],
  'POST /admin/endpoints/:id/test': [2, ofEndpoint('POST', '/test', {})],
  'GET /admin/endpoints/:id/deliveries': [1, ofEndpoint('GET', '/deliveries')],
  'GET /admin/endpoints/:id/deliveries/:delivery_id': [
    1,
    async () => {
      const { path, delivery } = await endpoint();
      return readAsAdmin(`${path}/deliveries/${delivery}`)();
    },
  ],
  'POST /admin/endpoints/:id/deliveries/:delivery_id/replay': [1, replayedDelivery],
  'POST /admin/endpoints/:id/replay': [2, ofEndpoint('POST', '/replay', { since: '2020-01-01T00:00:00Z' })],
  'GET /admin/events': [1, () => readAsAdmin(`/admin/events?customer=${buyer.subject}`)()],
  'GET /admin/webhooks': [1, readAsAdmin('/admin/webhooks?customer=x&type=invoice.*&status=dead')],
  'GET /admin/webhooks/stats': [1, readAsAdmin('/admin/webhooks/stats')],
  'GET /admin/webhooks/:event_id': [
    1,
    async () => readAsAdmin(`/admin/webhooks/${(await deliverEvent()).json.event_id}`)(),
  ],
  'POST /admin/webhooks': [1, change('POST', '/admin/webhooks', { event: newEvent() })],
  'POST /admin/webhooks/retry': [1, change('POST', '/admin/webhooks/retry', { status: 'dead' })],
  'POST /admin/webhooks/:event_id/retry': [
    1,
    async () => change('POST', `/admin/webhooks/${(await deliverEvent()).json.event_id}/retry`)(),
  ],
  'POST /admin/webhooks/:event_id/ignore': [
    1,
    async () => {
      const path = `/admin/webhooks/${await plantEvent(worker, { status: 'dead' })}/ignore`;
      return change('POST', path, { reason: 'test' })();
    },
  ],
  'GET /auth/link': [0, read('/auth/link')],
  'POST /auth/sign-up': [2, () => withMail('/auth/sign-up', { email: newAddress(), ...newPassword })],
  'POST /auth/forgot-password': [
    1,
    async () => withMail('/auth/forgot-password', { email: (await newPerson(worker)).email }),
  ],
  'POST /auth/verify-email': [1, () => withLink('verify_email', '/auth/verify-email')],
  'POST /auth/reset-password': [2, () => withLink('reset_password', '/auth/reset-password', newPassword)],
  'POST /auth/accept-invitation': [2, () => withLink('invitation', '/auth/accept-invitation', newPassword)],
  'POST /auth/change-email': [
    2,
    async () => withMail('/auth/change-email', { email: newAddress() }, await session()),
  ],
  'POST /auth/change-email/verify': [1, () => withLink('change_email', '/auth/change-email/verify')],
  'POST /auth/change-password': [
    2,
    async () => {
      const { accessToken, person } = await newSession(worker);
      return withMail(
        '/auth/change-password',
        { current_password: person.password, new_password: newPassword.password },
        accessToken,
      );
    },
  ],
  'POST /auth/sign-in': [2, async () => givePassword(worker, await newPerson(worker))],
  'POST /auth/sign-in/code': [
    2,
    async () => {
      const person = await newPerson(worker, 'admin');
      const { challenge } = (await givePassword(worker, person)).json;
      return worker.request('/auth/sign-in/code', {
        body: { challenge, code: await freshCode(worker, person) },
      });
    },
  ],
  'POST /auth/refresh': [
    1,
    async () => {
      const { refreshToken } = await newSession(worker);
      return worker.request('/auth/refresh', { body: { refresh_token: refreshToken } });
    },
  ],
  'POST /auth/confirm': [
    2,
    async () => {
      const { accessToken: token, person } = await newSession(worker);
      return worker.request('/auth/confirm', { token, body: { password: person.password } });
    },
  ],
  'GET /admin/users': [1, readAsAdmin('/admin/users?search=a&role=customer&status=active&locked=false')],
  'POST /admin/users': [
    2,
    async () => {
      const body = { email: `${randomUUID()}@example.com`, role: 'viewer' };
      return worker.request('/admin/users', { token: await freshAdmin(), body });
    },
  ],
  'GET /admin/users/:id': [1, async () => readAsAdmin(`/admin/users/${(await newPerson(worker)).id}`)()],
  'GET /admin/users/:id/events': [
    1,
    async () => readAsAdmin(`/admin/users/${(await newPerson(worker)).id}/events?type=sign_in`)(),
  ],
  'POST /admin/users/:id/disable': [2, changeAccount('disable')],
  'POST /admin/users/:id/enable': [2, changeAccount('enable')],
  'POST /admin/users/:id/unlock': [2, changeAccount('unlock')],
  'POST /admin/users/:id/remove-second-factor': [2, changeAccount('remove-second-factor')],
  'POST /admin/users/:id/revoke-sessions': [2, changeAccount('revoke-sessions')],
  'PUT /admin/users/:id/role': [2, changeAccount('role', { role: 'admin' })],
  'GET /auth/api-keys': [1, ofOwnKey('GET', '')],
  'POST /auth/api-keys': [2, ofOwnKey('POST', '', { name: 'x', scopes: ['credits:read'] })],
  'POST /auth/api-keys/:id/rotate': [2, ofOwnKey('POST', '/{id}/rotate', {})],
  'DELETE /auth/api-keys/:id': [2, ofOwnKey('DELETE', '/{id}')],
  'GET /admin/api-keys': [1, ofKey('GET', '')],
  'GET /admin/api-keys/:id': [1, ofKey('GET', '/{id}')],
  'POST /admin/api-keys': [2, ofKey('POST', '', { kind: 'service', name: 'x', scopes: ['credits:read'] })],
  'POST /admin/api-keys/:id/rotate': [2, ofKey('POST', '/{id}/rotate', {})],
  'DELETE /admin/api-keys/:id': [2, ofKey('DELETE', '/{id}')],
  'POST /admin/api-keys/identify': [
    1,
    async () => {
      const { key } = await plantKey(worker, { scopes: ['credits:read'] });
      return worker.request('/admin/api-keys/identify', { token: admin, body: { key } });
    },
  ],
  'POST /auth/second-factor': [2, async () => enrol(await plantSession(worker, await newPerson(worker)))],
  'POST /auth/second-factor/confirm': [
    2,
    async () => {
      const token = await plantSession(worker, await newPerson(worker));
      const code = totpOf((await enrol(token)).json.secret).generate();
      return worker.request('/auth/second-factor/confirm', { token, body: { code } });
    },
  ],
  // One asks whether the proof is fresh, one what is to be ended, two after each subscription; one ends the account.
  'DELETE /auth/me': [5, deleteSubscribed],
  'GET /auth/second-factor': [1, asEnrolled('GET', '/auth/second-factor')],
  // Of what wants a fresh proof, one call asks whether there is one.
  'DELETE /auth/second-factor': [2, asEnrolled('DELETE', '/auth/second-factor')],
  'POST /auth/second-factor/recovery-codes': [2, asEnrolled('POST', '/auth/second-factor/recovery-codes')],
  'POST /auth/sign-out': [1, signedIn('POST', '/auth/sign-out')],
  'POST /auth/sign-out-all': [1, signedIn('POST', '/auth/sign-out-all', { except_this: true })],
  'GET /auth/sessions': [1, signedIn('GET', '/auth/sessions')],
  'DELETE /auth/sessions/:id': [
    1,
    async () => {
      const { accessToken: token, sessionId } = await newSession(worker);
      return worker.request(`/auth/sessions/${sessionId}`, { method: 'DELETE', token });
    },
  ],
  'GET /auth/me': [1, signedIn('GET', '/auth/me')],
  'PATCH /auth/me': [1, signedIn('PATCH', '/auth/me', { name: 'Somebody Else' })],
  'GET /auth/events': [1, signedIn('GET', '/auth/events?type=sign_in')],
  'GET /admin/pricing/history': [1, readAsAdmin('/admin/pricing/history')],
  'GET /admin/pricing/plans': [1, readAsAdmin('/admin/pricing/plans')],
  'GET /admin/pricing/packages': [1, readAsAdmin('/admin/pricing/packages')],
  'GET /admin/pricing/plans/:plan_key': [1, readAsAdmin('/admin/pricing/plans/enterprise')],
  'GET /admin/pricing/packages/:package_key': [1, readAsAdmin('/admin/pricing/packages/credits_500')],
  // Beside reading and writing, one for each thing that Stripe was told: a Product, the new Price, the old one.
  'POST /admin/pricing/plans': [4, () => change('POST', '/admin/pricing/plans', plan())()],
  'POST /admin/pricing/packages': [4, () => change('POST', '/admin/pricing/packages', pack())()],
  'PATCH /admin/pricing/plans/:plan_key': [
    5,
    change('PATCH', '/admin/pricing/plans/business_annual', { price: 5000 }),
  ],
  'PATCH /admin/pricing/packages/:package_key': [
    5,
    change('PATCH', '/admin/pricing/packages/credits_5000', { price: 700 }),
  ],
  'DELETE /admin/pricing/plans/:plan_key': [4, change('DELETE', '/admin/pricing/plans/starter_annual')],
  'DELETE /admin/pricing/packages/:package_key': [
    4,
    change('DELETE', '/admin/pricing/packages/credits_1000'),
  ],
};

const routes = createApp().routes.filter(({ method }) => method !== 'ALL');

test.each([...new Set(routes.map(({ method, path }) => `${method} ${path}`))])(
  '%s keeps to its database calls',
  async (route) => {
    const budget = budgets[route];
    if (budget === undefined) throw new Error(`${route} has no budget of database calls`);
    const [calls, ask] = budget;
    const answer = await ask();
    expect(answer.status, answer.text).toBeLessThan(300);
    measured[route] = answer.databaseCalls;
    expect(answer.databaseCalls).toBeLessThanOrEqual(calls);
  },
);
