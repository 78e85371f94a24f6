import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import {
  startStripeSandbox,
  type RequestRecord,
  type StripeSandbox,
} from '../../dev/stripe-sandbox/index.ts';
import { refusal, sandbox, sdk } from './support.ts';

const HOME = mkdtempSync(join(tmpdir(), 'stripe-cli-'));
afterAll(() => rm(HOME, { recursive: true, force: true }));

/** Nobody listens there: whatever the CLI wants of other hosts fails at once. 127.0.0.1 needs no proxy. */
const NO_NETWORK = 'http://127.0.0.1:9';
const ENVIRONMENT = {
  ...process.env,
  HOME,
  XDG_CONFIG_HOME: HOME,
  HTTP_PROXY: NO_NETWORK,
  HTTPS_PROXY: NO_NETWORK,
  STRIPE_API_KEY: '',
  STRIPE_CLI_TELEMETRY_OPTOUT: '1',
  STRIPE_NO_AUTO_UPDATE: '1',
};

/** The CLI's own program, which a package for each platform brings; undefined where there is none. */
const PROGRAM = programOf(createRequire(import.meta.url));

function programOf(require: NodeJS.Require): string | undefined {
  const name = process.platform === 'win32' ? 'stripe.exe' : 'stripe';
  try {
    const wrapper = createRequire(require.resolve('@stripe/cli/package.json'));
    const platform = wrapper.resolve(`@stripe/cli-${process.platform}-${process.arch}/package.json`);
    return join(dirname(platform), 'bin', name);
  } catch {
    return undefined;
  }
}

interface Run {
  readonly code: number;
  readonly output: string;
}

function stripe(to: StripeSandbox, ...args: string[]): Promise<Run> {
  const options = ['--api-key', to.apiKey, '--api-base', to.url, '--color', 'off'];
  return new Promise((resolve) => {
    execFile(PROGRAM ?? '', [...args, ...options], { env: ENVIRONMENT }, (error, stdout, stderr) =>
      resolve({
        code: typeof error?.code === 'number' ? error.code : error ? 1 : 0,
        output: stdout + stderr,
      }),
    );
  });
}

/** Every event that this CLI has a script for. */
const SCRIPTS = PROGRAM === undefined ? [] : scriptsOf(PROGRAM);

function scriptsOf(program: string): string[] {
  return execFileSync(program, ['trigger', '--help'], { env: ENVIRONMENT, encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => /^ {2}([a-z0-9_]+(?:\.[a-z0-9_]+)+)$/.exec(line)?.[1] ?? []);
}

/** Scripts whose name is not that of the event that they lead to. */
const EVENT_OF_SCRIPT: Readonly<Record<string, string>> = {
  // It cancels a schedule: Stripe speaks of an abort only when nobody has paid.
  'subscription_schedule.aborted': 'subscription_schedule.canceled',
  // It stops nine days before the end, which Stripe tells seven days before.
  'subscription_schedule.expiring': 'test_helpers.test_clock.ready',
  'subscription.payment_failed': 'invoice.payment_failed',
  'subscription.payment_succeeded': 'invoice.payment_succeeded',
};

/** Resources that this sandbox leaves out. */
const OUTSIDE = new RegExp(
  '^/(v2/.+|v1/(accounts|billing/meters|credit_notes|identity|issuing|payment_links|payouts|quotes|' +
    'reporting|tax_rates|test_helpers/(customers|issuing)|topups|transfers))(/|$)',
);

/** Parameters that the scripts still send and today's API no longer takes. */
const GONE: readonly (readonly [path: RegExp, parameter: string])[] = [
  [/^\/v1\/customers(\/[^/]+)?$/, 'coupon'],
  [/^\/v1\/promotion_codes$/, 'coupon'],
  [/^\/v1\/(payment_intents|setup_intents|checkout\/sessions)$/, 'payment_method_types'],
  [/^\/v1\/subscription_schedules$/, 'phases[0][iterations]'],
];

type Request = Readonly<RequestRecord>;
type Refusal =
  | { readonly statusCode: 404; readonly message: string }
  | { readonly statusCode: 400; readonly code: 'parameter_unknown'; readonly param: string };

/** How Stripe refuses a request of a script today; undefined when it takes it. */
function refusalOf({ method, path, params }: Request): Refusal | undefined {
  if (OUTSIDE.test(path)) {
    const message = expect.stringContaining(`Unrecognized request URL (${method}: ${path}).`);
    return { statusCode: 404, message };
  }
  const gone = GONE.find(([where, parameter]) => where.test(path) && has(params, parameter));
  return gone && { statusCode: 400, code: 'parameter_unknown', param: gone[1] };
}

/** `phases[0][iterations]` */
function has(params: unknown, parameter: string): boolean {
  let value = params;
  for (const name of parameter.split(/[[\]]+/).filter((part) => part !== '')) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return false;
    value = Object.entries(value).find(([key]) => key === name)?.[1];
  }
  return true;
}

/** What a script asked before Stripe refused something, and what that was. */
function examine(requests: StripeSandbox['requests']): {
  taken: readonly Request[];
  refused: Request | undefined;
} {
  const asked = [...requests];
  const position = asked.findIndex((request) => refusalOf(request) !== undefined);
  if (position === -1) return { taken: asked, refused: undefined };
  return { taken: asked.slice(0, position), refused: asked[position] };
}

/** Asks the same again, to see the error that the script may have hidden. */
async function repeated(to: StripeSandbox, { method, path, params }: Request): Promise<unknown> {
  if (OUTSIDE.test(path)) {
    const answer = await fetch(`${to.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${to.apiKey}` },
    });
    const { error }: { error: { message: string } } = JSON.parse(await answer.text());
    return { statusCode: answer.status, message: error.message };
  }
  return refusal(sdk(to).rawRequest(method, path, params));
}

describe.skipIf(PROGRAM === undefined)('the official CLI', () => {
  test('has scripts for many events', () => {
    expect(SCRIPTS.length).toBeGreaterThan(100);
  });

  test.concurrent.each(SCRIPTS)("plays stripe trigger %s as far as today's API goes", async (script) => {
    const own = await startStripeSandbox();
    try {
      const run = await stripe(own, 'trigger', script);
      const { taken, refused } = examine(own.requests);
      // Scripts about cards that are declined count on 402.
      expect(
        taken.filter(({ status }) => status !== 200 && status !== 402),
        run.output,
      ).toEqual([]);
      if (refused) {
        expect(await repeated(own, refused)).toMatchObject(refusalOf(refused) ?? {});
        return;
      }
      expect(run).toMatchObject({ code: 0, output: expect.stringContaining('Trigger succeeded!') });
      const type = EVENT_OF_SCRIPT[script] ?? script;
      expect((await sdk(own).events.list({ type })).data).not.toEqual([]);
    } finally {
      await own.stop();
    }
  });

  test('posts, gets and deletes', async () => {
    const { sandbox: to, stripe: client } = await sandbox();
    const posted = await stripe(to, 'post', '/v1/customers', '-d', 'metadata[plan]=pro', '-d', 'name=Jenny');
    const customer = asJson(posted);
    expect(customer).toMatchObject({ object: 'customer', name: 'Jenny', metadata: { plan: 'pro' } });
    const got = await stripe(to, 'get', '/v1/customers', '--limit', '1', '-d', 'email=nobody@example.com');
    expect(asJson(got)).toMatchObject({ object: 'list', data: [] });
    expect(asJson(await stripe(to, 'get', '/v1/customers/cus_none'))).toMatchObject({
      error: { code: 'resource_missing' },
    });
    const [kept] = (await client.customers.list()).data;
    const deleted = await stripe(to, 'delete', `/v1/customers/${kept?.id}`, '--confirm');
    expect(asJson(deleted)).toMatchObject({ id: kept?.id, deleted: true });
  });

  test('makes objects of a file that refer to each other', async () => {
    const { sandbox: to, stripe: client } = await sandbox();
    const file = join(HOME, 'fixture.json');
    await writeFile(file, JSON.stringify(CATALOGUE));
    const run = await stripe(to, 'fixtures', file);
    expect(run.code, run.output).toBe(0);
    const [price] = (await client.prices.list({ expand: ['data.product'] })).data;
    expect(price).toMatchObject({ unit_amount: 2490, product: { name: 'Professional' } });
  });
});

const CATALOGUE = {
  _meta: { template_version: 0 },
  fixtures: [
    { name: 'product', path: '/v1/products', method: 'post', params: { name: 'Professional' } },
    {
      name: 'price',
      path: '/v1/prices',
      method: 'post',
      params: {
        product: '${product:id}',
        currency: 'gbp',
        unit_amount: 2490,
        recurring: { interval: 'month' },
      },
    },
  ],
};

function asJson({ output }: Run): unknown {
  return JSON.parse(output);
}
