import { execFile } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { givePassword, newPerson, plantSession, type Person } from '../support/people.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker();
});
afterAll(() => worker.stop());

const linkPattern = /https:\/\/ratecard\.test\/auth\/link#purpose=invitation&token=(rcl_[\w-]{43})/g;

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

const eventsOf = (email: string) =>
  worker.database.query<{ event_type: string; actor: string }>(
    `select event_type, actor from auth_events
     where user_id = (select id from users where email = $1) order by created_at`,
    [email],
  );

describe('npm run admin:create', () => {
  test('prints a link for a day; again, a new one, and the one before is void', async () => {
    const email = `${randomUUID()}@example.com`;
    const [first, second] = [await adminCreate('--email', email), await adminCreate('--email', email)];
    expect([first.code, first.tokens.length, second.code, second.tokens.length]).toEqual([0, 1, 0, 1]);
    const live = await worker.database.query(
      `select token.token_hash, token.purpose, person.role from auth_tokens as token
       join users as person on person.id = token.user_id
       where person.email = $1 and consumed_at is null and expires_at between now() and now() + interval '1 day'`,
      [email],
    );
    const token_hash = createHash('sha256')
      .update(second.tokens[0] ?? '')
      .digest('hex');
    expect(live).toEqual([{ token_hash, purpose: 'invitation', role: 'admin' }]);
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
