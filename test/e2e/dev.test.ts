import { execFile } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { neon, neonConfig } from '@neondatabase/serverless';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import { freePort, isClosed, spawnDev, startDevStack, type DevStack } from './dev-stack.ts';
import { differences, examplesIn, type Example } from './documented-examples.ts';

const run = promisify(execFile);

let stateFolder: string;
let stack: DevStack;

beforeAll(async () => {
  stateFolder = mkdtempSync(join(tmpdir(), 'ratecard-e2e-'));
  // PostgreSQL runs as a user of its own where the tests run as root; its data is to be removed with the folder.
  chmodSync(stateFolder, 0o755);
  stack = await startDevStack(stateFolder);
});

afterAll(async () => {
  await stack.end('SIGTERM').catch(() => undefined);
  rmSync(stateFolder, { recursive: true, force: true });
});

async function ask(
  path: string,
  token?: string,
  body?: unknown,
  method = body === undefined ? 'GET' : 'POST',
) {
  const response = await fetch(`${stack.file.worker}${path}`, {
    method,
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { status: response.status, json: JSON.parse(await response.text()) };
}

const balance = async () => (await ask('/credits/balance', stack.file.customer.token)).json.credits.balance;

interface SandboxObject {
  readonly id: string;
  readonly type: string;
  readonly active: boolean;
  readonly data: { readonly object: { readonly id: string } };
}

const stripeState = async (): Promise<Record<'prices' | 'events', SandboxObject[]>> =>
  JSON.parse(await (await fetch(`${stack.file.stripe}/_sandbox/state`)).text());

/** As a browser sends the form of the pay page. */
function payOn(checkoutUrl: string, form: Readonly<Record<string, string>>): Promise<Response> {
  return fetch(checkoutUrl, { method: 'POST', redirect: 'manual', body: new URLSearchParams(form) });
}

const card = {
  action: 'pay',
  email: 'customer@example.com',
  card_number: '4242424242424242',
  exp: '12/34',
  cvc: '123',
};

/** Runs each command after `prepare`, and compares its answer with the documented one. */
async function expectAnswers(examples: readonly Example[], prepare: string): Promise<void> {
  for (const { command, answer } of examples) {
    const { stdout } = await run('sh', ['-ec', `${prepare}${command}`]);
    expect(differences(answer, JSON.parse(stdout)), command).toEqual([]);
  }
}

describe('npm run dev', () => {
  test('shows the catalogue, and prints what to open', async () => {
    expect(Object.keys((await ask('/payment/plans')).json.plans)).toHaveLength(7);
    expect(Object.keys((await ask('/payment/credit-packages')).json.packages)).toHaveLength(4);
    expect(Object.keys((await ask('/credits/costs')).json.costs)).toHaveLength(8);
    expect(stack.output()).toContain(stack.file.worker);
    expect(stack.output()).toContain('/payment/purchase-credits');
    expect((await fetch(stack.file.shop)).status).toBe(200);
    expect(stack.output()).toContain(stack.file.mailbox);
    expect(await (await fetch(stack.file.mailbox)).text()).toContain('<h1>Mailbox</h1>');
  });

  test('lets the driver in where the file says', async () => {
    neonConfig.fetchEndpoint = stack.file.gateway;
    const rows = await neon(stack.file.database_url)`select count(*)::int as events from webhook_events`;
    expect(rows).toEqual([{ events: 0 }]);
  });

  test('is refused a second time in the same folder', async () => {
    const second = spawnDev(stateFolder, await freePort());
    expect(await second.ended).not.toBe(0);
    expect(second.output()).toContain('is running in this folder already');
    expect((await ask('/health')).status).toBe(200);
  });

  test('refuses a path that nobody knows without a good token', async () => {
    expect((await ask('/library/content', 'invalid_token')).status).toBe(401);
  });

  test.each(['api', 'events'])('the examples of docs/%s.md do what they say', async (page) => {
    const { jwt_secret, jwt_issuer, jwt_audience, worker } = stack.file;
    const [setup, ...examples] = examplesIn(readFileSync(`docs/${page}.md`, 'utf8'));
    const prepare = setup?.command.replace('http://127.0.0.1:8787', worker) ?? '';
    expect(examples.length).toBeGreaterThan(6);
    const env = {
      ...process.env,
      JWT_SECRET: jwt_secret,
      JWT_ISSUER: jwt_issuer,
      JWT_AUDIENCE: jwt_audience,
    };
    const printed = await run('sh', ['-ec', `${prepare}echo "$CUSTOMER"; echo "$ADMIN"`], { env });
    const [customer, admin] = printed.stdout.split('\n');
    await expectAnswers(examples, `API=${worker}\nCUSTOMER=${customer}\nADMIN=${admin}\n`);
  });

  test('has a customer and an admin who can sign in, as docs/identity.md says', async () => {
    const { customer, admin } = stack.file;
    for (const word of [customer.email, customer.password, admin.email, admin.totp_secret]) {
      expect(stack.output()).toContain(word);
    }
    const here = (command: string) =>
      command
        .replace('http://127.0.0.1:8787', stack.file.worker)
        .replaceAll(/npm run -s code(?: --)?/g, `npm run -s code -- --state ${stateFolder}`);
    const [setup, ...examples] = examplesIn(readFileSync('docs/identity.md', 'utf8'));
    expect(examples.length).toBeGreaterThan(2);
    const commands = examples.map(({ command, answer }) => ({ command: here(command), answer }));
    await expectAnswers(commands, here(setup?.command ?? ''));
  });

  test('the examples of the sandbox do what they say', async () => {
    const [setup, ...examples] = examplesIn(readFileSync('docs/stripe-sandbox.md', 'utf8'));
    expect(examples.length).toBeGreaterThan(4);
    const prepare = setup?.command.replaceAll('./.ratecard', stateFolder) ?? '';
    await expectAnswers(examples, prepare);
  });
});

describe("one customer's story", () => {
  test('a price changes by one call, and the price that was shown before is refused', async () => {
    const { customer, admin } = stack.file;
    const before = (await ask('/payment/plans')).json.plans.business_monthly;
    const { status } = await ask(
      '/admin/pricing/plans/business_monthly',
      admin.token,
      { price: 599, reason: 'story' },
      'PATCH',
    );
    expect(status).toBe(200);
    const after = (await ask('/payment/plans')).json.plans.business_monthly;
    expect([before.price, after.price]).toEqual([499, 599]);

    const { history } = (await ask('/admin/pricing/history?item_key=business_monthly&limit=1', admin.token))
      .json;
    expect(history[0]).toMatchObject({
      field_changed: 'price',
      old_value: 499,
      new_value: 599,
      reason: 'story',
    });
    expect(history[0].changed_by).toMatch(/^admin:/);

    const { prices } = await stripeState();
    const active = (id: string) => prices.find((price) => price.id === id)?.active;
    expect([active(before.price_id), active(after.price_id)]).toEqual([false, true]);

    const quoted = { plan: 'business_monthly', price_id: before.price_id };
    const refused = await ask('/payment/create-checkout', customer.token, quoted);
    expect([refused.status, refused.json.code]).toEqual([409, 'price_changed']);
    expect(refused.json.current).toMatchObject({ price_id: after.price_id, price: 599 });
  });

  test('a package is bought on the pay page and credited once, however often the event comes', async () => {
    const { customer, worker, webhook_secret: secret } = stack.file;
    const { checkout_url: url, session_id: session } = (
      await ask('/payment/purchase-credits', customer.token, { package: 'credits_2500' })
    ).json;
    expect(await (await fetch(url)).text()).toContain('2,500 Credits');
    expect((await payOn(url, { ...card, card_number: '4000000000000002' })).status).toBe(402);
    const paid = await payOn(url, card);
    expect(paid.status).toBe(303);
    expect(paid.headers.get('Location')).toBe(`${stack.file.shop}/?paid=1&session_id=${session}`);
    await eventually('the webhook credits 2,500', async () => (await balance()) === 2500);

    const { events } = await stripeState();
    const event = events.find(
      ({ type, data }) => type === 'checkout.session.completed' && data.object.id === session,
    );
    const payload = JSON.stringify(event);
    const deliver = () => {
      const time = Math.floor(Date.now() / 1000);
      const signature = createHmac('sha256', secret).update(`${time}.${payload}`).digest('hex');
      const headers = { 'Stripe-Signature': `t=${time},v1=${signature}` };
      return fetch(`${worker}/payment/webhook`, { method: 'POST', body: payload, headers });
    };
    const again = await Promise.all(Array.from({ length: 20 }, deliver));
    expect(again.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
    expect(await (await deliver()).json()).toEqual({ success: true, event_id: event?.id, duplicate: true });
    expect(await balance()).toBe(2500);
    const { transactions } = (await ask('/credits/history', customer.token)).json;
    expect(transactions).toHaveLength(1);
    expect(transactions[0]).toMatchObject({
      transaction_type: 'purchase',
      amount: 2500,
      balance_after: 2500,
    });
  });

  test('a plan is bought, its first invoice grants its credits, and the status says so', async () => {
    const { customer } = stack.file;
    const { checkout_url: url } = (
      await ask('/payment/create-checkout', customer.token, { plan: 'starter_annual' })
    ).json;
    expect((await payOn(url, card)).status).toBe(303);
    await eventually('the invoice grants 500', async () => (await balance()) === 3000);
    const { payment_status: status } = (await ask('/payment/status', customer.token)).json;
    expect(status).toMatchObject({ plan: 'starter_annual', subscription_status: 'active', has_paid: true });
    const { portal_url: portal } = (await ask('/payment/create-portal-session', customer.token, {})).json;
    expect((await fetch(portal)).status).toBe(200);
  });
});

describe('the local stack', () => {
  const addresses = () => {
    const { worker, stripe, gateway, shop, mailbox } = stack.file;
    return [worker, stripe, gateway, shop, mailbox];
  };
  const isDown = async () => (await Promise.all(addresses().map(isClosed))).every(Boolean);

  test('stops with everything that it started on Ctrl-C, and keeps what was', async () => {
    // What is under way when it ends is taken up again when its lease is over, and the customer's next events wait.
    neonConfig.fetchEndpoint = stack.file.gateway;
    const sql = neon(stack.file.database_url);
    await eventually('no event is under way', async () => {
      const rows = await sql`select from webhook_events where status in ('pending', 'processing', 'failed')`;
      return rows.length === 0;
    });
    await stack.end('SIGINT');
    expect(await isDown()).toBe(true);
    stack = await startDevStack(stateFolder);
    expect(await balance()).toBe(3000);
    const { checkout_url: url } = (
      await ask('/payment/purchase-credits', stack.file.customer.token, { package: 'credits_500' })
    ).json;
    expect((await payOn(url, card)).status).toBe(303);
    await eventually('the webhook credits 500', async () => (await balance()) === 3500);
  });

  test('leaves nothing running when it is killed, and starts over when asked', async () => {
    await stack.end('SIGKILL');
    await eventually('everything is down', isDown);
    stack = await startDevStack(stateFolder, '--fresh');
    expect(await balance()).toBe(0);
    expect((await ask('/payment/plans')).json.plans.business_monthly.price).toBe(499);
  });
});

test('what another version of the sandbox has kept is refused, with the way out', async () => {
  const state = mkdtempSync(join(tmpdir(), 'ratecard-e2e-'));
  try {
    chmodSync(state, 0o755);
    writeFileSync(join(state, 'stripe-sandbox.json'), JSON.stringify({ objects: [] }));
    const { ended, output } = spawnDev(state, await freePort());
    expect(await ended).not.toBe(0);
    expect(output()).toContain('npm run dev -- --fresh');
    expect(output()).not.toContain('at startStripe');
  } finally {
    rmSync(state, { recursive: true });
  }
});

describe("a developer's own services", () => {
  const refusalOf = async (variables: string): Promise<string> => {
    const folder = mkdtempSync(join(tmpdir(), 'ratecard-e2e-'));
    try {
      writeFileSync(join(folder, '.dev.vars'), variables);
      const up = join(process.cwd(), 'dev', 'up.ts');
      const { code, stderr } = await run(process.execPath, [up], { cwd: folder }).then(
        () => ({ code: 0, stderr: '' }),
        (error: { code: number; stderr: string }) => error,
      );
      expect(code).toBe(1);
      return stderr;
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('a live key of Stripe is refused', async () => {
    const refusal = await refusalOf('STRIPE_SECRET_KEY=sk_live_0123456789abcdef\n');
    expect(refusal).toContain('is a live key');
    expect(refusal).not.toContain('0123456789');
  });

  test('a test key needs the secret of its webhooks', async () => {
    expect(await refusalOf('STRIPE_SECRET_KEY=sk_test_0123456789abcdef\n')).toContain(
      'STRIPE_WEBHOOK_SECRET',
    );
  });

  test('a database that speaks no SQL over HTTP is refused, and its password not told', async () => {
    const refusal = await refusalOf('DATABASE_URL=postgres://me:private@db.example.com/x\n');
    expect(refusal).toContain('DATABASE_URL');
    expect(refusal).not.toContain('private');
  });
});
