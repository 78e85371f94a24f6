import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { totpOf } from '../../src/identity/totp.ts';
import { eventually } from '../support/eventually.ts';
import { givePassword, newPerson, plantSession, type Person } from '../support/people.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

const linkPattern = /https:\/\/ratecard\.test\/auth\/link#purpose=invitation&token=(rcl_[\w-]{43})/g;
const password = 'an admin needs a long password';

interface Printed {
  readonly code: number;
  readonly output: string;
  /** Of the links that it printed. */
  readonly tokens: readonly string[];
}

/** `npm run admin:create` on the worker's database, as plain PostgreSQL unless it is said. */
function adminCreate(...options: readonly string[]): Promise<Printed> {
  const env = { ...process.env, DATABASE_URL: worker.database.url, PUBLIC_URL: 'https://ratecard.test' };
  return new Promise((resolve) => {
    execFile(process.execPath, ['dev/admin-create.ts', ...options], { env }, (error, stdout, stderr) => {
      const tokens = [...stdout.matchAll(linkPattern)].map(([, token = '']) => token);
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr, tokens });
    });
  });
}

const accept = (token: string | undefined) =>
  worker.request('/auth/accept-invitation', { body: { token, password } });

const eventsOf = (email: string) =>
  worker.database.query<{ event_type: string; actor: string }>(
    `select event_type, actor from auth_events
     where user_id = (select id from users where email = $1) order by created_at`,
    [email],
  );

interface Entered {
  readonly token: string;
  readonly secret: string;
}

/** Signs in for the first time, and sets up the second factor: until then nothing else is open. */
async function enter(email: string): Promise<Entered> {
  const first = await givePassword(worker, { email, password });
  expect(first.json, first.text).toMatchObject({ second_factor_needed: true });
  const restricted: string = first.json.access_token;
  for (const path of ['/admin/users', '/admin/pricing/plans', '/credits/balance']) {
    const { status, json } = await worker.request(path, { token: restricted });
    expect([path, status, json.code]).toEqual([path, 403, 'second_factor_needed']);
  }
  const enrolled = await worker.request('/auth/second-factor', { method: 'POST', token: restricted });
  const { secret } = enrolled.json;
  const confirmed = await worker.request('/auth/second-factor/confirm', {
    token: restricted,
    body: { code: totpOf(secret).generate() },
  });
  expect([confirmed.status, confirmed.json.recovery_codes?.length], confirmed.text).toEqual([200, 10]);
  const { json } = await worker.request('/auth/refresh', {
    body: { refresh_token: first.json.refresh_token },
  });
  return { token: json.access_token, secret };
}

describe('npm run admin:create', () => {
  test('makes the first admin by a link, who sets up a second factor, and invites a viewer, who reads everything and changes nothing', async () => {
    const email = 'first@example.com';
    const printed = await adminCreate('--email', 'First@Example.com', '--name', 'Ada');
    expect([printed.code, printed.tokens.length], printed.output).toEqual([0, 1]);
    expect((await givePassword(worker, { email, password })).status).toBe(401);
    const accepted = await accept(printed.tokens[0]);
    expect(accepted.status, accepted.text).toBe(200);
    expect((await accept(printed.tokens[0])).json.code).toBe('invalid_link');

    const admin = await enter(email);
    const { json: found } = await worker.request('/admin/users?search=first', { token: admin.token });
    expect(found.users).toMatchObject([{ email, name: 'Ada', role: 'admin', second_factor: true }]);
    const invited = await worker.request('/admin/users', {
      token: admin.token,
      body: { email: 'viewer@example.com', role: 'viewer' },
    });
    expect(invited.status, invited.text).toBe(201);
    const mailed = () =>
      worker.mailbox
        .mails()
        .flatMap(({ to, text }) =>
          to.includes('viewer@example.com') ? [...text.matchAll(linkPattern)] : [],
        );
    await eventually('the viewer has a mail', () => mailed().length > 0);
    expect((await accept(mailed()[0]?.[1])).status).toBe(200);
    const viewer = await enter('viewer@example.com');
    await readsAndChangesNothing(viewer.token, found.users[0].id);
    const events = await eventsOf(email);
    expect(events[0]).toEqual({ event_type: 'invitation', actor: 'system:admin-create' });
    expect(events.map(({ event_type }) => event_type)).toContain('invitation_accepted');
  });

  test('again, before anybody has come, prints a new link, and the one before is void', async () => {
    const email = `${randomUUID()}@example.com`;
    const [first, second] = [await adminCreate('--email', email), await adminCreate('--email', email)];
    expect([first.code, second.code]).toEqual([0, 0]);
    expect((await accept(first.tokens[0])).json.code).toBe('invalid_link');
    expect((await accept(second.tokens[0])).status).toBe(200);
    const again = await adminCreate('--email', email);
    expect([again.code, again.tokens]).toEqual([0, []]);
    expect(again.output).toContain('is an admin already');
  });

  test('changes an account that is there only when it is told to', async () => {
    const person = await newPerson(worker);
    const session = await plantSession(worker, person);
    const asked = await adminCreate('--email', person.email);
    expect([asked.code, asked.tokens]).toEqual([1, []]);
    expect(asked.output).toContain('--promote');
    expect(await roleOf(person)).toBe('customer');
    expect((await worker.request('/credits/balance', { token: session })).status).toBe(200);

    const promoted = await adminCreate('--email', person.email, '--promote');
    expect([promoted.code, promoted.tokens], promoted.output).toEqual([0, []]);
    expect(await roleOf(person)).toBe('admin');
    expect((await worker.request('/credits/balance', { token: session })).status).toBe(401);
    expect((await givePassword(worker, person)).json).toMatchObject({ second_factor_needed: true });
    expect((await eventsOf(person.email))[0]).toEqual({
      event_type: 'role_change',
      actor: 'system:admin-create',
    });

    await worker.database.query("update users set status = 'disabled' where id = $1", [person.id]);
    const disabled = await adminCreate('--email', person.email, '--promote');
    expect([disabled.code, disabled.output]).toEqual([1, expect.stringContaining('is disabled')]);
  });

  test('refuses what is no address, and what it does not know', async () => {
    for (const options of [[], ['--email', 'nobody'], ['--email', 'a@example.com', '--password', 'x']]) {
      const { code, tokens } = await adminCreate(...options);
      expect([options, code, tokens]).toEqual([options, 1, []]);
    }
    expect(await eventsOf('a@example.com')).toEqual([]);
  });
});

async function roleOf({ id }: Pick<Person, 'id'>): Promise<string | undefined> {
  return (await worker.database.query<{ role: string }>('select role from users where id = $1', [id]))[0]
    ?.role;
}

/** A viewer reads what an admin reads, and is refused every change, its own role above all. */
async function readsAndChangesNothing(token: string, adminId: string): Promise<void> {
  const document = await worker.request('/openapi.json');
  const operations = Object.entries<Record<string, { 'x-access'?: string }>>(document.json.paths).flatMap(
    ([path, item]) =>
      Object.entries(item).map(([method, { 'x-access': access }]) => ({ path, method, access })),
  );
  const staff = operations.filter(({ access }) => access === 'viewer' || access === 'admin');
  expect(staff.length).toBeGreaterThan(30);
  for (const { path, method, access } of staff) {
    const answered: TestAnswer = await worker.request(path.replaceAll(/\{\w+\}/g, adminId), {
      method: method.toUpperCase(),
      token,
      ...(method === 'get' ? {} : { body: {} }),
    });
    const isRead = access === 'viewer' && method === 'get';
    if (isRead) expect([path, answered.status], answered.text).not.toEqual([path, 403]);
    else expect([path, method, answered.status]).toEqual([path, method, 403]);
  }
}
