import { randomUUID } from 'node:crypto';
import { Secret } from 'otpauth';
import { issueAccessToken } from '../../src/identity/access-token.ts';
import { openPasswordHasher } from '../../src/identity/passwords.ts';
import { hashOf } from '../../src/identity/secrets.ts';
import { totpOf, totpPurpose } from '../../src/identity/totp.ts';
import type { TestAnswer, TestWorker } from './worker.ts';

export type PersonRole = 'customer' | 'viewer' | 'admin';

/** Somebody who has an account: verified, with a password, and with a second factor where one is asked for. */
export interface Person {
  readonly id: string;
  readonly email: string;
  readonly password: string;
  readonly role: PersonRole;
  /** In base32; undefined for somebody without a second factor. */
  readonly totpSecret: string | undefined;
}

export interface SignedIn {
  readonly person: Person;
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly sessionId: string;
}

/** The password of most people, and its hash, which takes a while to make. */
const password = 'correct horse battery staple';
const hasher = openPasswordHasher({ calls: 0, milliseconds: 0 });
let hash: string | undefined;

/** Makes an account as sign-up, verification and enrolment leave it. Staff has a second factor unless it is said. */
export async function newPerson(
  worker: TestWorker,
  role: PersonRole = 'customer',
  { hasSecondFactor = role !== 'customer' }: { readonly hasSecondFactor?: boolean } = {},
): Promise<Person> {
  hash ??= await hasher.hash(password);
  const id = randomUUID();
  const email = `${id}@example.com`;
  await worker.database.query(
    `insert into users (id, email, name, password_hash, role, status, email_verified_at)
     values ($1, $2, 'Somebody', $3, $4, 'active', now())`,
    [id, email, hash, role],
  );
  const totpSecret = hasSecondFactor ? new Secret({ size: 20 }).base32 : undefined;
  if (totpSecret !== undefined) {
    await worker.database.query(
      'insert into totp_factors (user_id, sealed_secret, confirmed_at) values ($1, $2, now())',
      [id, await worker.sealing.seal(totpSecret, totpPurpose(id))],
    );
  }
  return { id, email, password, role, totpSecret };
}

/** The present code; the database forgets that one of this half minute was taken, so that a test need not wait. */
export async function freshCode(worker: TestWorker, { id, totpSecret }: Person): Promise<string> {
  if (totpSecret === undefined) throw new Error('this person has no second factor');
  await worker.database.query('update totp_factors set last_step = 0 where user_id = $1', [id]);
  return totpOf(totpSecret).generate();
}

/** The first half of a sign-in. */
export function givePassword(
  worker: TestWorker,
  person: Pick<Person, 'email' | 'password'>,
  more: Readonly<Record<string, unknown>> = {},
): Promise<TestAnswer> {
  return worker.request('/auth/sign-in', {
    body: { email: person.email, password: person.password, ...more },
  });
}

/** Signs in with all that this person has. */
export async function signIn(worker: TestWorker, person: Person): Promise<SignedIn> {
  const first = await givePassword(worker, person);
  const { json, status, text } =
    person.totpSecret === undefined
      ? first
      : await worker.request('/auth/sign-in/code', {
          body: { challenge: first.json.challenge, code: await freshCode(worker, person) },
        });
  if (status !== 200) throw new Error(`cannot sign in: ${status} ${text}`);
  return {
    person,
    accessToken: json.access_token,
    refreshToken: json.refresh_token,
    sessionId: json.session_id,
  };
}

/** As after thirty sign-ins that were right or refused: the next one is too many. */
export async function useUpSignIns(worker: TestWorker, { email }: Pick<Person, 'email'>): Promise<void> {
  await worker.database.query(
    `insert into rate_limits (bucket, count, ends_at) values ($1, 30, now() + interval '9 minutes')
     on conflict (bucket) do update set count = 30`,
    [`sign_in:account:${await hashOf(email)}`],
  );
}

/** Somebody new who is signed in. */
export async function newSession(worker: TestWorker, role: PersonRole = 'customer'): Promise<SignedIn> {
  return signIn(worker, await newPerson(worker, role));
}

/** What a browser's page of ours sends beside its cookie. */
export const ownPage = { Origin: 'https://ratecard.test', 'Sec-Fetch-Site': 'same-origin' } as const;

/** Signs in by cookie. Answers the Cookie header. */
export async function cookieOf(worker: TestWorker, person: Person): Promise<string> {
  const body = { email: person.email, password: person.password, session: 'cookie' };
  let answer = await worker.request('/auth/sign-in', { body, headers: ownPage });
  if (person.totpSecret !== undefined) {
    const code = await freshCode(worker, person);
    answer = await worker.request('/auth/sign-in/code', {
      body: { challenge: answer.json.challenge, code },
      headers: ownPage,
    });
  }
  const cookie = /^[^;]+/.exec(answer.headers.get('Set-Cookie') ?? '')?.[0];
  if (cookie === undefined) throw new Error(`no cookie: ${answer.status} ${answer.text}`);
  return cookie;
}

/** A session that was opened just now, without the sign-in: nothing is hashed. Answers its access token. */
export async function plantSession(worker: TestWorker, { id, role, email }: Person): Promise<string> {
  const sessionId = randomUUID();
  await worker.database.query(
    `insert into sessions (id, user_id, kind, expires_at) values ($1, $2, 'token', now() + interval '12 hours')`,
    [sessionId, id],
  );
  return issueAccessToken(worker.tokens, { userId: id, sessionId, role, email, isRestricted: false });
}
