import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../support/eventually.ts';
import {
  givePassword,
  newPerson,
  plantSession,
  signIn,
  useUpSignIns,
  type Person,
} from '../support/people.ts';
import { startWorker, type TestAnswer, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let admin: Person;
let token: string;

beforeAll(async () => {
  worker = await startWorker();
  admin = await newPerson(worker, 'admin');
  token = await plantSession(worker, admin);
});
afterAll(() => worker.stop());

const read = (path: string, as = token) => worker.request(`/admin/users${path}`, { token: as });

function act(
  { id }: Pick<Person, 'id'>,
  action: string,
  body: object = {},
  { as = token, key }: { readonly as?: string; readonly key?: string } = {},
): Promise<TestAnswer> {
  return worker.request(`/admin/users/${id}/${action}`, {
    method: action === 'role' ? 'PUT' : 'POST',
    token: as,
    body,
    ...(key === undefined ? {} : { headers: { 'Idempotency-Key': key } }),
  });
}

const invite = (email: string, more: object = {}) =>
  worker.request('/admin/users', { token, body: { email, role: 'viewer', ...more } });

const eventsOf = async ({ id }: Pick<Person, 'id'>, type: string) =>
  (await read(`/${id}/events?type=${type}`)).json.events;

const opens = async (as: string) => (await worker.request('/credits/balance', { token: as })).status;

const subjectsTo = ({ email }: Pick<Person, 'email'>) =>
  worker.mailbox.mails().flatMap(({ to, subject }) => (to.includes(email) ? [subject] : []));

describe('the list of accounts', () => {
  test('is found by the beginning of an address, role, status and lock, newest first, a page at a time', async () => {
    const mark = randomUUID().slice(0, 8);
    const people = await Promise.all(
      ['customer', 'customer', 'viewer', 'admin', 'customer'].map((role) =>
        newPerson(worker, role as Person['role']),
      ),
    );
    for (const [index, { id }] of people.entries()) {
      await worker.database.query(
        `update users set email = $2, created_at = now() + $3 * interval '1 hour',
           status = case when $3 = 0 then 'disabled' else status end,
           locked_until = case when $3 = 1 then now() + interval '1 hour' when $3 = 4 then now() - interval '1 hour' end
         where id = $1`,
        [id, `${mark}_${index}%@example.com`, index],
      );
    }
    const found = async (query: string) => {
      const { status, json, databaseCalls, text } = await read(`?search=${mark.toUpperCase()}_${query}`);
      expect([status, databaseCalls], text).toEqual([200, 1]);
      return json.users.map(({ id }: Person) => people.findIndex((person) => person.id === id));
    };
    expect(await found('')).toEqual([4, 3, 2, 1, 0]);
    expect(await found('3%25')).toEqual([3]);
    expect(await found('%25')).toEqual([]);
    expect(await found('&role=customer')).toEqual([4, 1, 0]);
    expect(await found('&role=admin&status=active')).toEqual([3]);
    expect(await found('&status=disabled')).toEqual([0]);
    expect(await found('&locked=true')).toEqual([1]);
    expect(await found('&locked=false')).toEqual([4, 3, 2, 0]);

    const first = await read(`?search=${mark}&limit=2`);
    const second = await read(`?search=${mark}&limit=2&cursor=${first.json.next_cursor}`);
    const third = await read(`?search=${mark}&limit=2&cursor=${second.json.next_cursor}`);
    const pages = [first, second, third].map(({ json }) => json.users.map(({ id }: Person) => id));
    expect(pages.flat()).toEqual(people.map(({ id }) => id).toReversed());
    expect([first.json.count, third.json.count, third.json.next_cursor]).toEqual([2, 1, null]);
  });

  test.each(['?role=service', '?status=gone', '?locked=1', '?cursor=x', '?password_hash=x', '?limit=0'])(
    'refuses %s',
    async (query) => {
      expect((await read(query)).status).toBe(400);
    },
  );
});

test('an account is shown with what staff needs, and with nothing that proves who it is', async () => {
  const person = await newPerson(worker, 'viewer');
  const { accessToken, refreshToken } = await signIn(worker, person);
  const { status, json, text, databaseCalls } = await read(`/${person.id}`);
  expect([status, databaseCalls]).toEqual([200, 1]);
  expect(json).toEqual({
    success: true,
    user: {
      id: person.id,
      email: person.email,
      name: 'Somebody',
      role: 'viewer',
      status: 'active',
      locked_until: null,
      second_factor: true,
      open_sessions: 1,
      last_sign_in_at: expect.stringMatching(/Z$/),
      api_keys: 0,
      created_at: expect.stringMatching(/Z$/),
    },
  });
  for (const secret of ['scrypt', person.totpSecret, accessToken, refreshToken])
    expect(text).not.toContain(secret);
  expect((await read(`/${randomUUID()}`)).json.code).toBe('user_not_found');
  expect((await read(`/${randomUUID()}/events`)).json.code).toBe('user_not_found');
});

test('the events of an account say who did what from where, by type and a page at a time', async () => {
  const person = await newPerson(worker);
  await givePassword(worker, { ...person, password: 'not the password' });
  await givePassword(worker, person);
  await act(person, 'revoke-sessions', { reason: 'a lost laptop' });
  const all = await read(`/${person.id}/events`);
  expect([all.status, all.databaseCalls]).toEqual([200, 1]);
  expect(all.json.events.map(({ type, outcome }: Record<string, string>) => [type, outcome])).toEqual([
    ['sessions_revoked', 'success'],
    ['sign_in', 'success'],
    ['sign_in', 'failure'],
  ]);
  expect(all.json.events[0]).toMatchObject({
    actor: `admin:${admin.id}`,
    details: { reason: 'a lost laptop' },
    request_id: expect.stringMatching(/^req_/),
  });
  const first = await read(`/${person.id}/events?type=sign_in&limit=1`);
  const second = await read(`/${person.id}/events?type=sign_in&limit=1&cursor=${first.json.next_cursor}`);
  expect([...first.json.events, ...second.json.events].map(({ outcome }) => outcome)).toEqual([
    'success',
    'failure',
  ]);
  expect(second.json.next_cursor).toBeNull();
});

describe('a change', () => {
  const changes: readonly (readonly [action: string, body: object])[] = [
    ['disable', {}],
    ['enable', {}],
    ['unlock', {}],
    ['remove-second-factor', {}],
    ['revoke-sessions', {}],
    ['role', { role: 'viewer' }],
  ];

  test.each(changes)('%s wants an admin who has just given password and code', async (action, body) => {
    const person = await newPerson(worker);
    const viewer = await plantSession(worker, await newPerson(worker, 'viewer'));
    expect((await act(person, action, body, { as: viewer })).json.code).toBe('forbidden');
    const stale = await plantSession(worker, admin);
    await worker.database.query(
      `update sessions set confirmed_at = now() - interval '6 minutes'
       where id = (select id from sessions where user_id = $1 order by created_at desc limit 1)`,
      [admin.id],
    );
    const refused = await act(person, action, body, { as: stale });
    expect([refused.status, refused.json.code]).toEqual([403, 'reauthentication_required']);
    expect(await eventsOf(person, 'user_disabled')).toEqual([]);
    const { status, databaseCalls, text } = await act(person, action, body);
    expect([status, databaseCalls], text).toEqual([200, 2]);
  });

  test.each([
    ['disable', {}, 'user_disabled'],
    ['role', { role: 'viewer' }, 'role_change'],
    ['remove-second-factor', {}, 'second_factor_removed'],
    ['revoke-sessions', {}, 'sessions_revoked'],
  ])(
    '%s ends every session at once, and is written down once with who and why',
    async (action, body, type) => {
      const person = await newPerson(worker, 'customer', { hasSecondFactor: true });
      const sessions = await Promise.all([plantSession(worker, person), plantSession(worker, person)]);
      expect(await Promise.all(sessions.map(opens))).toEqual([200, 200]);
      const answers = [
        await act(person, action, { ...body, reason: 'because' }),
        await act(person, action, { ...body, reason: 'again' }),
      ];
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(answers.map(({ json }) => json.user.open_sessions)).toEqual([0, 0]);
      expect(await Promise.all(sessions.map(opens))).toEqual([401, 401]);
      const events = await eventsOf(person, type);
      expect(events).toHaveLength(1);
      expect(events[0]).toMatchObject({ actor: `admin:${admin.id}`, details: { reason: 'because' } });
      if (action !== 'revoke-sessions') {
        await eventually('the person is told', () => subjectsTo(person).length > 0);
        expect(subjectsTo(person)).toHaveLength(1);
      }
    },
  );

  test('to nothing else than what is so writes nothing down', async () => {
    const person = await newPerson(worker);
    for (const [action, body] of [['enable'], ['unlock'], ['role', { role: 'customer' }]] as const) {
      expect((await act(person, action, body)).status).toBe(200);
    }
    expect((await read(`/${person.id}/events`)).json.events).toEqual([]);
  });

  test('under one Idempotency-Key is done once', async () => {
    const [person, other] = [await newPerson(worker), await newPerson(worker)];
    const key = randomUUID();
    const first = await act(person, 'role', { role: 'viewer' }, { key });
    await act(person, 'role', { role: 'customer' });
    const again = await act(person, 'role', { role: 'viewer' }, { key });
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect((await read(`/${person.id}`)).json.user.role).toBe('customer');
    expect((await act(other, 'role', { role: 'viewer' }, { key })).status).toBe(422);
  });

  test('of an account that is deleted, or not there, is refused', async () => {
    const person = await newPerson(worker);
    await worker.database.query(
      "update users set status = 'deleted', email = null, password_hash = null where id = $1",
      [person.id],
    );
    expect((await read(`/${person.id}`)).json.user).toMatchObject({ status: 'deleted', email: null });
    for (const [action, body] of changes) {
      const deleted = await act(person, action, body);
      expect([action, deleted.status, deleted.json.code]).toEqual([action, 409, 'user_deleted']);
      const unknown = await act({ id: randomUUID() }, action, body);
      expect([action, unknown.status, unknown.json.code]).toEqual([action, 404, 'user_not_found']);
    }
  });

  test('takes nothing but what it knows', async () => {
    const person = await newPerson(worker);
    for (const [action, body] of [
      ['disable', { status: 'deleted' }],
      ['disable', { reason: '' }],
      ['role', {}],
      ['role', { role: 'service' }],
      ['role', { role: 'root' }],
    ] as const) {
      expect((await act(person, action, body)).status).toBe(422);
    }
  });
});

describe('an account', () => {
  test('that is disabled looks like a wrong password, its links die, and enabled it opens again', async () => {
    const person = await newPerson(worker);
    await worker.database.query(
      `insert into auth_tokens (token_hash, user_id, purpose, expires_at)
       values ($1, $2, 'reset_password', now() + interval '1 hour')`,
      [randomUUID(), person.id],
    );
    const wrong = await givePassword(worker, { ...person, password: 'not the password' });
    expect((await act(person, 'disable')).json.user.status).toBe('disabled');
    const refused = await givePassword(worker, person);
    expect([refused.status, refused.json.code]).toEqual([401, wrong.json.code]);
    const links = await worker.database.query(
      'select from auth_tokens where user_id = $1 and consumed_at is null',
      [person.id],
    );
    expect(links).toEqual([]);
    expect((await act(person, 'enable')).json.user.status).toBe('active');
    expect((await givePassword(worker, person)).status).toBe(200);
  });

  test('that is locked is unlocked', async () => {
    const person = await newPerson(worker);
    await worker.database.query(
      "update users set locked_until = now() + interval '1 hour', lock_count = 3 where id = $1",
      [person.id],
    );
    expect((await read(`/${person.id}`)).json.user.locked_until).not.toBeNull();
    expect((await givePassword(worker, person)).status).toBe(401);
    await useUpSignIns(worker, person);
    expect((await givePassword(worker, person)).status).toBe(429);
    expect((await act(person, 'unlock', { reason: 'called us' })).json.user.locked_until).toBeNull();
    expect((await givePassword(worker, person)).status).toBe(200);
    // Tries alone, too, without a lock.
    await useUpSignIns(worker, person);
    expect((await act(person, 'unlock')).status).toBe(200);
    expect((await givePassword(worker, person)).status).toBe(200);
    expect(await eventsOf(person, 'user_unlocked')).toHaveLength(2);
  });

  test('of staff whose second factor is taken away opens nothing until there is a new one', async () => {
    const person = await newPerson(worker, 'viewer');
    expect((await act(person, 'remove-second-factor')).json.user.second_factor).toBe(false);
    const { json } = await givePassword(worker, person);
    expect(json).toMatchObject({ second_factor_needed: true });
    const refused = await read('', json.access_token);
    expect([refused.status, refused.json.code]).toEqual([403, 'second_factor_needed']);
  });

  test('that is raised to staff opens nothing until there is a second factor, and one of an unproven address is not raised', async () => {
    const person = await newPerson(worker);
    expect((await act(person, 'role', { role: 'admin' })).json.user.role).toBe('admin');
    const { json } = await givePassword(worker, person);
    expect((await read('', json.access_token)).json.code).toBe('second_factor_needed');
    const unproven = await newPerson(worker);
    await worker.database.query(
      "update users set status = 'unverified', email_verified_at = null where id = $1",
      [unproven.id],
    );
    const refused = await act(unproven, 'role', { role: 'admin' });
    expect([refused.status, refused.json.code]).toEqual([409, 'address_not_proven']);
    await act(unproven, 'disable');
    expect((await act(unproven, 'enable')).json.user.status).toBe('unverified');
  });

  test('of a former admin keeps no key of a service', async () => {
    const former = await newPerson(worker, 'admin');
    await worker.database.query(
      `insert into api_keys (id, family, kind, user_id, name, scopes, secret_hash, expires_at)
       values ($1, $1, 'service', $2, 'x', '{pricing:write}', 'x', now() + interval '1 day')`,
      [randomUUID().slice(0, 12), former.id],
    );
    expect((await read(`/${former.id}`)).json.user.api_keys).toBe(1);
    expect((await act(former, 'role', { role: 'viewer' })).json.user.api_keys).toBe(0);
  });
});

describe('an invitation', () => {
  const linksOf = (email: string) =>
    worker.mailbox.mails().flatMap(({ to, text }) => {
      const link = /https:\/\/ratecard\.test\/auth\/link#purpose=invitation&token=(rcl_[\w-]{43})/.exec(text);
      return to.includes(email) && link?.[1] !== undefined ? [link[1]] : [];
    });
  const liveTokens = async (id: string) =>
    worker.database.query<{ purpose: string }>(
      'select purpose, token_hash from auth_tokens where user_id = $1 and consumed_at is null',
      [id],
    );

  test('is a mail with a link, and no password; again, a new link is the only one', async () => {
    const email = `${randomUUID()}@Example.com`;
    const first = await invite(email, { name: 'Vera' });
    expect([first.status, first.databaseCalls], first.text).toEqual([201, 2]);
    const { user } = first.json;
    expect(user).toMatchObject({
      email: email.toLowerCase(),
      name: 'Vera',
      role: 'viewer',
      status: 'unverified',
    });
    expect(first.headers.get('Location')).toBe(`/admin/users/${user.id}`);
    await eventually('the mail is there', () => linksOf(user.email).length === 1);
    expect(first.text).not.toContain(linksOf(user.email)[0]);
    const again = await invite(email, { role: 'admin' });
    expect(again.json.user).toMatchObject({ id: user.id, role: 'admin', name: 'Vera' });
    await eventually('the second mail is there', () => linksOf(user.email).length === 2);
    expect(new Set(linksOf(user.email)).size).toBe(2);
    expect(await liveTokens(user.id)).toHaveLength(1);
    const events = await eventsOf(user, 'invitation');
    expect(events.map(({ actor, details }: Record<string, unknown>) => [actor, details])).toEqual([
      [`admin:${admin.id}`, { role: 'admin' }],
      [`admin:${admin.id}`, { role: 'viewer' }],
    ]);
  });

  test('twenty times at once leaves one account and one link', async () => {
    const email = `${randomUUID()}@example.com`;
    const answers = await Promise.all(Array.from({ length: 20 }, () => invite(email)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201));
    const ids = new Set(answers.map(({ json }) => json.user.id));
    expect(ids.size).toBe(1);
    expect(await liveTokens([...ids][0])).toHaveLength(1);
  });

  test('takes over an address that somebody signed up with, and kills the link of that sign-up', async () => {
    const person = await newPerson(worker);
    await worker.database.query(
      "update users set status = 'unverified', email_verified_at = null, password_hash = null where id = $1",
      [person.id],
    );
    await worker.database.query(
      `insert into auth_tokens (token_hash, user_id, purpose, expires_at, password_hash)
       values ($1, $2, 'verify_email', now() + interval '1 day', 'chosen by somebody else')`,
      [randomUUID(), person.id],
    );
    expect((await invite(person.email)).status).toBe(201);
    expect((await liveTokens(person.id)).map(({ purpose }) => purpose)).toEqual(['invitation']);
  });

  test('of somebody who has an account is refused, disabled or not', async () => {
    const person = await newPerson(worker);
    for (const before of [undefined, 'disable']) {
      if (before !== undefined) await act(person, before);
      const refused = await invite(person.email.toUpperCase());
      expect([refused.status, refused.json.code]).toEqual([409, 'email_taken']);
    }
    expect((await invite('no address')).status).toBe(422);
    expect((await invite(person.email, { role: 'service' })).status).toBe(422);
  });
});

describe('an admin', () => {
  test('does nothing to its own account but sign out everywhere', async () => {
    const self = await newPerson(worker, 'admin');
    const own = await plantSession(worker, self);
    for (const [action, body] of [
      ['disable'],
      ['enable'],
      ['unlock'],
      ['remove-second-factor'],
      ['role', { role: 'viewer' }],
    ] as const) {
      const refused = await act(self, action, body, { as: own });
      expect([action, refused.status, refused.json.code]).toEqual([action, 409, 'own_account']);
    }
    expect(await opens(own)).toBe(200);
    expect((await act(self, 'revoke-sessions', {}, { as: own })).status).toBe(200);
    expect(await opens(own)).toBe(401);
  });

  /** So many admins, and nobody else. */
  async function onlyAdmins(count: number) {
    await worker.database.query("update users set status = 'disabled' where role = 'admin'");
    const people = await Promise.all(Array.from({ length: count }, () => newPerson(worker, 'admin')));
    return Promise.all(people.map(async (person) => ({ person, own: await plantSession(worker, person) })));
  }
  const activeAdmins = () =>
    worker.database.query<{ id: string }>("select id from users where role = 'admin' and status = 'active'");

  test('who is the last one stays, whatever is tried', async () => {
    const [last] = await onlyAdmins(1);
    if (last === undefined) throw new Error('there is no admin');
    for (const [action, body] of [
      ['disable', {}],
      ['role', { role: 'viewer' }],
      ['role', { role: 'customer' }],
    ] as const) {
      const refused = await act(last.person, action, body, { as: last.own });
      expect([action, refused.status, refused.json.code]).toEqual([action, 409, 'last_admin']);
    }
    expect(await activeAdmins()).toEqual([{ id: last.person.id }]);
  });

  test.each(['disable', 'role'])('by %s of two who take each other away one wins', async (action) => {
    for (let round = 0; round < 5; round += 1) {
      const [one, other] = await onlyAdmins(2);
      if (one === undefined || other === undefined) throw new Error('there are no two admins');
      const answers = await Promise.all([
        act(one.person, action, action === 'role' ? { role: 'viewer' } : {}, { as: other.own }),
        act(other.person, action, action === 'role' ? { role: 'viewer' } : {}, { as: one.own }),
      ]);
      const won = answers.filter(({ status }) => status === 200);
      const lost = answers.filter(({ status }) => status !== 200);
      expect([won.length, lost.length]).toEqual([1, 1]);
      // Whoever lost was taken away: before its request got to the change, or before it came in.
      expect([401, 409]).toContain(lost[0]?.status);
      expect(await activeAdmins()).toHaveLength(1);
    }
  });

  test('stays when twenty take each other away at once', async () => {
    const admins = await onlyAdmins(20);
    const answers = await Promise.all(
      admins.map(({ own }, index) => {
        const next = admins[(index + 1) % admins.length];
        if (next === undefined) throw new Error('there is no next one');
        return index % 2 === 0
          ? act(next.person, 'disable', {}, { as: own })
          : act(next.person, 'role', { role: 'customer' }, { as: own });
      }),
    );
    const done = answers.filter(({ status }) => status === 200).length;
    expect(answers.every(({ status }) => [200, 401, 409].includes(status))).toBe(true);
    const left = await activeAdmins();
    expect(left.length).toBeGreaterThan(0);
    expect(left).toHaveLength(20 - done);
  });

  test('who was taken away meanwhile changes nothing more', async () => {
    const [one, other] = await onlyAdmins(3);
    if (one === undefined || other === undefined) throw new Error('there are no two admins');
    const person = await newPerson(worker);
    const client = await worker.database.connect();
    await client.query('begin');
    await client.query('select is_last_admin($1)', [one.person.id]);
    const waiting = act(person, 'disable', {}, { as: one.own });
    await eventually('the change waits', async () => {
      const rows = await worker.database.query(
        "select from pg_locks where locktype = 'advisory' and not granted",
      );
      return rows.length > 0;
    });
    await client.query("update users set role = 'viewer' where id = $1", [one.person.id]);
    await client.query('commit');
    expect((await waiting).status).toBe(401);
    expect((await read(`/${person.id}`, other.own)).json.user.status).toBe('active');
  });
});
