import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { plantEvent } from '../support/inbox.ts';
import { balanceOf, buy, deliver, eventAbout, inboxRow, newBuyer, pay, processed } from '../support/shop.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: string;
/** A folder without a running stack. */
let folder: string;

beforeAll(async () => {
  worker = await startWorker();
  worker.stripe.setWebhookEndpoint(undefined);
  await syncToStripe(worker);
  admin = await worker.token('admin', 'night-shift');
});
beforeEach(async () => {
  await worker.database.query('delete from webhook_events');
  folder = mkdtempSync(join(tmpdir(), 'ratecard-webhooks-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => worker.stop());

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command as npm does, with the worker and an admin's token in its environment, or with another one. */
function webhooks(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = { RATECARD_URL: worker.url, RATECARD_TOKEN: admin },
  input = '',
): Promise<Ended> {
  const env = { ...process.env, RATECARD_URL: '', RATECARD_TOKEN: '', ...environment };
  return new Promise((done, reject) => {
    const script = resolve('dev/webhooks.ts');
    const child = execFile(
      process.execPath,
      [script, ...args],
      { cwd: folder, env },
      (error, stdout, stderr) => {
        if (error !== null && typeof error.code !== 'number') reject(error);
        else done({ exitCode: Number(error?.code ?? 0), stdout, stderr });
      },
    );
    child.stdin?.end(input);
  });
}

async function paidPurchase() {
  const buyer = await newBuyer(worker);
  const { checkoutUrl, sessionId } = await buy(worker, buyer, { package: 'credits_500' });
  await pay(checkoutUrl);
  return { buyer, event: await eventAbout(worker, 'checkout.session.completed', sessionId) };
}

const anEvent = (members: object = {}) => ({
  id: `evt_${randomUUID().replaceAll('-', '')}`,
  object: 'event',
  type: 'product.created',
  created: 1_800_000_000,
  livemode: false,
  data: { object: { id: 'prod_x' } },
  ...members,
});

describe('list', () => {
  test('shows a table, newest first, filtered as the API does', async () => {
    const dead = await plantEvent(worker, {
      status: 'dead',
      attempts: 9,
      lastError: 'customer_unknown',
      stripeCustomerId: 'cus_x',
      receivedAt: "timestamptz '2026-03-01 12:00:00Z'",
    });
    await plantEvent(worker, { status: 'processed' });
    const { stdout, exitCode, stderr } = await webhooks([
      'list',
      '--status',
      'dead,failed',
      '--type',
      'invoice.*',
    ]);
    expect([exitCode, stderr]).toEqual([0, '']);
    const [head, row, ...more] = stdout.trimEnd().split('\n');
    expect(head).toMatch(/^RECEIVED +STATUS +TYPE +EVENT +TRIES +CUSTOMER +WHY$/);
    expect(row).toMatch(
      new RegExp(`^2026-03-01T12:00:00Z +dead +invoice.paid +${dead} +9 +cus_x +customer_unknown$`),
    );
    expect(more).toEqual([]);
    expect((await webhooks(['list', '--since', '10m', '--customer', 'cus_x'])).stdout).toBe(
      'No event matches.\n',
    );
  });

  test('goes through all pages, up to the limit', async () => {
    for (let index = 0; index < 120; index += 1) await plantEvent(worker, { status: 'processed' });
    const ids = async (...args: string[]) => {
      const { stdout } = await webhooks(['list', '--json', ...args]);
      return (JSON.parse(stdout) as { event_id: string }[]).map((event) => event.event_id);
    };
    expect(new Set(await ids('--limit', '110')).size).toBe(110);
    expect(new Set(await ids('--limit', '1000')).size).toBe(120);
    expect(await ids()).toHaveLength(50);
  });
});

describe('show', () => {
  test('tells all of an event, to people or to programs', async () => {
    const { event } = await paidPurchase();
    await deliver(worker, event);
    await processed(worker);
    const { stdout, exitCode } = await webhooks(['show', String(event['id'])]);
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/status +processed/);
    expect(stdout).toMatch(/1\. \S+ processed after \d+ ms/);
    expect(stdout).toContain('purchase of 500 credits');
    expect(stdout).toContain('told: credits.granted');
    expect(stdout).toContain('"object": "event"');
    const shown = JSON.parse((await webhooks(['show', String(event['id']), '--json'])).stdout);
    expect(shown).toMatchObject({
      event_id: event['id'],
      payload: event,
      attempts_log: [{ outcome: 'processed' }],
    });
  });

  test('lets no payload move the cursor of a terminal', async () => {
    const id = await plantEvent(worker, { payload: 'no json \u001b[2J\u0007' });
    const { stdout } = await webhooks(['show', id]);
    expect(stdout).toContain('no json');
    expect(['\u001b', '\u0007'].filter((character) => stdout.includes(character))).toEqual([]);
  });
});

describe('retry and ignore', () => {
  test('of events that are named: each on its own', async () => {
    const [first, second, done] = [
      await plantEvent(worker, { status: 'dead' }),
      await plantEvent(worker, { status: 'failed' }),
      await plantEvent(worker, { status: 'processed' }),
    ];
    const { stdout, stderr, exitCode } = await webhooks([
      'retry',
      first,
      done,
      second,
      '--reason',
      'Stripe is back',
    ]);
    expect(exitCode).toBe(1);
    expect(stdout).toBe(`${first} pending\n${second} pending\n`);
    expect(stderr).toMatch(
      new RegExp(
        `^${done}: 409 already_processed: The event is processed.* \\(request req_[0-9a-f]{32}\\)\n$`,
      ),
    );
    await processed(worker);
    const reasons = await worker.database.query('select reason from webhook_actions where event_id = $1', [
      first,
    ]);
    expect(reasons).toEqual([{ reason: 'Stripe is back' }]);
  });

  test('of all that match: counted first, and done only when that is agreed to', async () => {
    const ids = [await plantEvent(worker, { status: 'dead' }), await plantEvent(worker, { status: 'dead' })];
    await plantEvent(worker, { status: 'dead', type: 'charge.refunded' });
    const asked = ['retry', '--status', 'dead', '--type', 'invoice.*'];
    const hesitant = await webhooks(asked);
    expect(hesitant).toMatchObject({ exitCode: 2, stdout: '2 events match.\n' });
    expect(hesitant.stderr).toContain('--yes');
    expect(
      await worker.database.query('select 1 from webhook_actions where event_id = any($1)', [ids]),
    ).toEqual([]);
    expect(await webhooks([...asked, '--yes'])).toEqual({
      exitCode: 0,
      stdout: '2 events match.\n2 retried.\n',
      stderr: '',
    });
    await processed(worker);
    expect(await inboxRow(worker, ids[0])).toMatchObject({ status: 'ignored', ignored_reason: 'not_ours' });
    expect(await webhooks([...asked, '--yes'])).toMatchObject({ exitCode: 0, stdout: 'No event matches.\n' });
    expect((await webhooks(['retry', '--status', 'failed,dead', '--yes'])).stdout).toBe(
      '1 event matches.\n1 retried.\n',
    );
  });

  test('of every failed and dead event there is', async () => {
    await plantEvent(worker, { status: 'dead' });
    await plantEvent(worker, { status: 'failed', type: 'charge.refunded' });
    expect((await webhooks(['retry', '--all', '--yes'])).stdout).toBe('2 events match.\n2 retried.\n');
    await processed(worker);
  });

  test('that sets events aside keeps the reason', async () => {
    const id = await plantEvent(worker, { status: 'dead' });
    expect(await webhooks(['ignore', id, '--reason', 'a test'])).toEqual({
      exitCode: 0,
      stdout: `${id} ignored\n`,
      stderr: '',
    });
    expect(await inboxRow(worker, id)).toMatchObject({ ignored_reason: 'by_admin' });
  });
});

describe('replay', () => {
  const file = (content: string) => {
    const path = join(folder, 'events.json');
    writeFileSync(path, content);
    return path;
  };

  test('of one event in a file has its effect, once', async () => {
    const { buyer, event } = await paidPurchase();
    const path = file(JSON.stringify(event, undefined, 2));
    expect(await webhooks(['replay', path, '--reason', 'lost'])).toEqual({
      exitCode: 0,
      stdout: `${String(event['id'])} pending\n1 brought, 0 known before, 0 refused.\n`,
      stderr: '',
    });
    await processed(worker);
    expect((await webhooks(['replay', path])).stdout).toBe(
      `${String(event['id'])} processed, was here before\n0 brought, 1 known before, 0 refused.\n`,
    );
    expect(await balanceOf(worker, buyer)).toBe(500);
  });

  test.each([
    ['an array', (events: readonly object[]) => JSON.stringify(events)],
    [
      'lines',
      (events: readonly object[]) => `${events.map((event) => JSON.stringify(event)).join('\n')}\n\n`,
    ],
    [
      'a list of Stripe’s API',
      (data: readonly object[]) => JSON.stringify({ object: 'list', data, has_more: false }),
    ],
  ])('takes %s, from standard input too; what is refused keeps nothing else out', async (_, written) => {
    const [first, wrong, last] = [anEvent(), anEvent({ livemode: true }), anEvent()];
    const { exitCode, stdout, stderr } = await webhooks(
      ['replay', '-'],
      undefined,
      written([first, wrong, last]),
    );
    expect(exitCode).toBe(1);
    expect(stdout).toBe(`${first.id} ignored\n${last.id} ignored\n2 brought, 0 known before, 1 refused.\n`);
    expect(stderr).toMatch(/^422 wrong_livemode: .*\/event: .* \(request req_\w+\)\n$/);
  });

  test.each([
    ['is not there', '/nowhere/events.json', 'cannot be read'],
    ['is no JSON', '', 'line 2'],
  ])('of a file that %s brings nothing', async (_, path, told) => {
    const { exitCode, stderr, stdout } = await webhooks([
      'replay',
      path === '' ? file('{"id": 1}\n{oops') : path,
    ]);
    expect([exitCode, stdout]).toEqual([1, '']);
    expect(stderr).toContain(told);
  });
});

describe('stats', () => {
  test('tells what happened and what waits', async () => {
    const id = await plantEvent(worker, {
      status: 'failed',
      receivedAt: "now() - interval '2 hours'",
      nextAttemptAt: "now() + interval '1 hour'",
    });
    const { stdout, exitCode } = await webhooks(['stats', '--since', '3h']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('1 received');
    expect(stdout).toContain(`The oldest that waits: ${id}`);
    expect(stdout).toMatch(/invoice\.paid +1 +0/);
    expect(JSON.parse((await webhooks(['stats', '--json'])).stdout)).toMatchObject({
      backlog: { failed: 1 },
    });
  });
});

describe('the installation', () => {
  test('is the one that the command line names, before the environment', async () => {
    const nowhere = { RATECARD_URL: 'http://127.0.0.1:1', RATECARD_TOKEN: 'x' };
    const unreachable = await webhooks(['list'], nowhere);
    expect(unreachable).toMatchObject({ exitCode: 1, stdout: '' });
    expect(unreachable.stderr).toMatch(/^http:\/\/127\.0\.0\.1:1 does not answer: .*\n$/);
    expect((await webhooks(['list', '--url', `${worker.url}/`, '--token', admin], nowhere)).exitCode).toBe(0);
  });

  test('is the running `npm run dev` where none is named', async () => {
    const { secret, issuer, audience } = worker.tokens;
    mkdirSync(join(folder, '.ratecard'));
    const stack = { worker: worker.url, jwt_secret: secret, jwt_issuer: issuer, jwt_audience: audience };
    writeFileSync(join(folder, '.ratecard', 'dev.json'), JSON.stringify(stack));
    const id = await plantEvent(worker, { status: 'dead' });
    expect((await webhooks(['ignore', id, '--reason', 'x'], {})).stdout).toBe(`${id} ignored\n`);
  });

  test('that refuses the token is told with the request’s id', async () => {
    const { exitCode, stderr } = await webhooks(['list', '--token', 'garbage']);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/^401 invalid_token: .* \(request req_\w+\)\n$/);
    const viewer = await worker.token('viewer');
    const id = await plantEvent(worker, { status: 'dead' });
    expect((await webhooks(['list', '--token', viewer])).exitCode).toBe(0);
    expect((await webhooks(['retry', id, '--token', viewer])).stderr).toContain('403 forbidden');
  });

  test('that is something else is no installation', async () => {
    const other = createServer((_, response) => response.writeHead(200).end('<html>')).listen(0, '127.0.0.1');
    await new Promise((listening) => other.once('listening', listening));
    const address = other.address();
    const port = typeof address === 'object' ? address?.port : 0;
    const { exitCode, stderr } = await webhooks(['list', '--url', `http://127.0.0.1:${port}`]);
    other.close();
    expect([exitCode, stderr]).toEqual([1, `200 from http://127.0.0.1:${port}, without a reason\n`]);
  });
});

describe('what is asked wrongly ends with 2, and tells how it is used', () => {
  test.each([
    [[], 'Say what to do'],
    [['delete'], 'no command delete'],
    [['list', '--reason', 'x'], 'list takes no --reason'],
    [['list', '--since', 'yesterday'], '--since yesterday'],
    [['list', '--limit', '0'], '--limit 0'],
    [['list', 'evt_x'], 'list takes only options'],
    [['list', '--colour'], '--colour'],
    [['show'], 'one EVENT_ID'],
    [['show', 'evt_1', 'evt_2'], 'one EVENT_ID'],
    [['retry'], 'a filter, or --all'],
    [['retry', 'evt_1', '--status', 'dead'], 'or a filter'],
    [['retry', '--all', '--status', 'dead'], 'or --all'],
    [['ignore', 'evt_1'], '--reason'],
    [['replay'], 'one FILE'],
    [['list', '--url', 'http://billing.example.com'], 'use https'],
    [['list', '--url', 'billing'], 'no URL'],
  ])('%j', async (args, told) => {
    const { exitCode, stdout, stderr } = await webhooks(args);
    expect([exitCode, stdout]).toEqual([2, '']);
    expect(stderr).toContain(told);
    expect(stderr).toContain('Usage: npm run webhooks');
  });

  test('and so does an installation without a token, or none at all', async () => {
    expect((await webhooks(['list'], { RATECARD_URL: worker.url })).stderr).toContain('RATECARD_TOKEN');
    expect(await webhooks(['list'], {})).toMatchObject({ exitCode: 2, stdout: '' });
    expect(await webhooks(['--help'], {})).toMatchObject({ exitCode: 0, stderr: '' });
  });
});
