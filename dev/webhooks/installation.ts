import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { accessClaims, signToken } from '../sign-token.ts';
import { stackFile } from '../stack/settings.ts';
import { UsageError } from './options.ts';

/** A Worker somewhere, and who asks it. */
export interface Installation {
  /** Answers what a request was answered. Throws {@link Refusal}. */
  ask(method: 'GET' | 'POST', path: string, body?: unknown): Promise<unknown>;
}

/** The installation refused, or did not answer. One line that says all of it. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}

interface Place {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
}

const stackSchema = z.object({
  worker: z.string(),
  jwt_secret: z.string(),
  jwt_issuer: z.string(),
  jwt_audience: z.string(),
});

const answerMilliseconds = 30_000;

/** The installation that was named, by the command line or the environment, else the local stack. Throws UsageError. */
export async function findInstallation(named: Place): Promise<Installation> {
  const url = named.url ?? variable('RATECARD_URL');
  const token = named.token ?? variable('RATECARD_TOKEN');
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) throw new UsageError('The token is none.');
  if (url !== undefined) {
    if (token === undefined) throw new UsageError('A token is needed as well: --token, or RATECARD_TOKEN.');
    return connectTo(originOf(url), token);
  }
  const stack = readStack();
  const issuer = { secret: stack.jwt_secret, issuer: stack.jwt_issuer, audience: stack.jwt_audience };
  const claims = accessClaims(issuer, { subject: 'demo-admin', role: 'admin' }, 3600);
  return connectTo(originOf(stack.worker), token ?? (await signToken(issuer, claims)));
}

/** One that is set to nothing is not set. */
function variable(name: string): string | undefined {
  const value = process.env[name];
  return value === '' ? undefined : value;
}

function readStack(): z.output<typeof stackSchema> {
  if (!existsSync(stackFile)) {
    throw new UsageError('Neither --url nor RATECARD_URL is given, nor does `npm run dev` run here.');
  }
  return stackSchema.parse(JSON.parse(readFileSync(stackFile, 'utf8')));
}

/** A token is shown to nobody on the way: https, but on this machine. */
function originOf(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !['http:', 'https:'].includes(parsed.protocol)) {
    throw new UsageError(`${url} is no URL of an installation.`);
  }
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(parsed.hostname);
  if (parsed.protocol === 'http:' && !isHere) {
    throw new UsageError(`${parsed.origin} would carry the token in the clear: use https.`);
  }
  return parsed.origin;
}

function connectTo(origin: string, token: string): Installation {
  return {
    ask: async (method, path, body) => {
      const response = await send(`${origin}${path}`, {
        method,
        redirect: 'manual',
        signal: AbortSignal.timeout(answerMilliseconds),
        headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const answered = readJson(await response.text());
      if (response.ok && answered !== undefined) return answered;
      throw new Refusal(describeProblem(response, answered));
    },
  };
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init);
  } catch (error) {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    throw new Refusal(
      `${new URL(url).origin} does not answer: ${cause instanceof Error ? cause.message : 'no reason'}`,
      {
        cause: error,
      },
    );
  }
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const problemSchema = z.object({
  code: z.string(),
  detail: z.string(),
  request_id: z.string(),
  errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).default([]),
});

/** RFC 9457 in one line. What answers otherwise is not Ratecard. */
function describeProblem(response: Response, answered: unknown): string {
  const problem = problemSchema.safeParse(answered).data;
  if (problem === undefined)
    return `${response.status} from ${new URL(response.url).origin}, without a reason`;
  const { code, detail, request_id: requestId, errors } = problem;
  const fields = errors.map((field) => ` ${field.pointer}: ${field.detail}.`).join('');
  return `${response.status} ${code}: ${detail}${fields} (request ${requestId})`;
}
