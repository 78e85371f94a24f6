import { z } from 'zod';
import { issuerProblems, outsideIssuers, type OutsideIssuer } from './core/outside-issuers.ts';
import { sealingKeys, type SealingKey } from './core/seal.ts';
import { list, loopbackUrl, postgresUrl, signingSecret, webUrl } from './core/variable.ts';
import { mailSettings, mailVariables, missingMailVariables, type MailSettings } from './mail/index.ts';

/** Every variable that Ratecard reads. None that says where or who has a fallback value. */
const variables = z.object({
  DATABASE_URL: postgresUrl,
  /** A replica for reads that may lag. */
  DATABASE_REPLICA_URL: postgresUrl.optional(),
  DATABASE_FETCH_ENDPOINT: loopbackUrl.optional(),
  JWT_SECRET: signingSecret,
  /** The secret before the last change: its tokens are accepted until they expire. */
  JWT_SECRET_PREVIOUS: signingSecret.optional(),
  JWT_ISSUER: z.string().min(1, 'must not be empty'),
  JWT_AUDIENCE: z.string().min(1, 'must not be empty'),
  /** Takes customers' tokens of the old back end, which signed with the same secret; this names their issuer. */
  JWT_LEGACY_ISSUER: z.string().min(1, 'must not be empty').optional(),
  /** Others who vouch for people. */
  OUTSIDE_ISSUERS: outsideIssuers.optional(),
  STRIPE_SECRET_KEY: z
    .string()
    .regex(/^(sk|rk)_(test|live)_\w{8,}$/, 'must be a secret or restricted key of Stripe'),
  /** Several while one is being rolled. */
  STRIPE_WEBHOOK_SECRET: list(
    z.string().regex(/^whsec_.{16,}$/, 'must be signing secrets (whsec_…) of Stripe'),
  ).refine((secrets) => secrets.length > 0, 'must not be empty'),
  STRIPE_API_BASE: loopbackUrl.optional(),
  /** Says what time it is: dev and test alone move the time ahead. */
  CLOCK_URL: loopbackUrl.optional(),
  CHECKOUT_SUCCESS_URL: webUrl,
  CHECKOUT_CANCEL_URL: webUrl,
  PORTAL_RETURN_URL: webUrl,
  /** Where this installation is found: for links in mails, and for what browsers say they come from. */
  PUBLIC_URL: webUrl.refine(
    (value) => new URL(value).href === `${new URL(value).origin}/`,
    'must be an origin alone, such as https://billing.example.com',
  ),
  /** Origins whose pages may call the API from a browser; none when it is not set. */
  CORS_ORIGINS: list(webUrl).optional(),
  /** Seals the secrets that are stored; several while one is being replaced. */
  AUTH_ENC_KEY: sealingKeys,
  /** How long the payloads of events that are done are kept; 90 when it is not set. */
  WEBHOOK_PAYLOAD_DAYS: z
    .string()
    .regex(/^[1-9][0-9]{0,3}$/, 'must be a number of whole days, from 1 to 9999')
    .transform(Number)
    .optional(),
  /** How many failures in a row open an alert. */
  ALERT_FAILURES: z
    .string()
    .regex(/^([1-9][0-9]?|100)$/, 'must be a whole number from 1 to 100')
    .transform(Number)
    .optional(),
  ...mailVariables,
  /** `off`: another limiter stands before this one. What the database counts stays. */
  RATE_LIMITS: z.literal('off', "must be 'off', or not set").optional(),
  /** `closed`: only who is invited gets an account. */
  SIGN_UPS: z.enum(['open', 'closed'], "must be 'open' or 'closed', or not set").optional(),
  /** How often an isolate writes down what it has counted for metrics; 10 when it is not set. */
  METRICS_FLUSH_SECONDS: z
    .string()
    .regex(/^(off|[0-9]{1,3})$/, "must be a number of whole seconds, from 0 to 999, or 'off'")
    .optional(),
  /** Outbound events may go to this machine, by plain HTTP too: dev and test alone. */
  LOOPBACK_ENDPOINTS: z.literal('allowed', "must be 'allowed', or not set").optional(),
});

type Variables = z.output<typeof variables>;

export const variableNames: readonly string[] = Object.keys(variables.shape);

/** Those that may be left out. wrangler.toml lists the others as required secrets. */
export const optionalVariableNames: readonly string[] = Object.entries(variables.shape)
  .filter(([, schema]) => schema.safeParse(undefined).success)
  .map(([name]) => name);

/** The bindings that must be there; their own types come from wrangler.toml. */
const bindings = ['CATALOGUE', 'WEBHOOK_QUEUE'] as const satisfies readonly (keyof Env)[];

/** Those that must be there too, unless limits are off. */
const limitBindings = [
  'AUTH_LIMIT',
  'PUBLIC_LIMIT',
  'GENERAL_LIMIT',
  'MACHINE_LIMIT',
] as const satisfies readonly (keyof Env)[];

/** Those that an installation may add; wrangler.toml, of which the types of the others are made, has none of them. */
interface OptionalBindings {
  readonly EMAIL?: SendEmail;
}

/** Cloudflare's Email Service, where it is bound. */
export function emailBinding(env: Env & OptionalBindings): SendEmail | undefined {
  return env.EMAIL;
}

export interface Config {
  readonly database: {
    readonly url: string;
    readonly replicaUrl: string | undefined;
    readonly fetchEndpoint: string | undefined;
  };
  readonly tokens: {
    readonly secret: string;
    readonly previousSecret: string | undefined;
    readonly issuer: string;
    readonly audience: string;
    readonly legacyIssuer: string | undefined;
  };
  readonly outsideIssuers: readonly OutsideIssuer[];
  readonly stripe: {
    readonly secretKey: string;
    readonly webhookSecrets: readonly string[];
    readonly apiBase: string | undefined;
    readonly livemode: boolean;
  };
  readonly returnUrls: { readonly success: string; readonly cancel: string; readonly portal: string };
  /** The origin that this installation is found at. */
  readonly publicOrigin: string;
  readonly corsOrigins: readonly string[];
  /** The first one seals, all of them open. */
  readonly sealingKeys: readonly SealingKey[];
  readonly alertFailuresInARow: number | undefined;
  /** How long the payloads of events that are done are kept. */
  readonly webhookPayloadDays: number;
  /** Undefined: no mail is sent. */
  readonly mail: MailSettings | undefined;
  /** By Cloudflare's rate limiter. */
  readonly limitsRequests: boolean;
  /** Whether people may sign up by themselves. */
  readonly acceptsSignUps: boolean;
  /** Undefined: what an isolate counts is not written down. */
  readonly metricsFlushSeconds: number | undefined;
  readonly outbound: { readonly allowsLoopback: boolean };
  /** Undefined: the machine's time is the time. */
  readonly clockUrl: string | undefined;
}

/** What is wrong with which variable. Names and rules, never values. */
export interface ConfigProblem {
  readonly variable: string;
  readonly reason: string;
}

export type ConfigResult =
  | { readonly ok: true; readonly config: Config }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** The values alone, without the bindings: what can be checked before a deployment. */
export function checkVariables(env: Readonly<Record<string, unknown>>): ConfigResult {
  const present = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const parsed = variables.safeParse(present);
  const besides = [
    ...missingMailVariables(present).map(notSet),
    ...(parsed.success ? problemsBetween(parsed.data) : []),
  ];
  if (parsed.success && besides.length === 0) return { ok: true, config: toConfig(parsed.data) };
  const problems = (parsed.error?.issues ?? []).map((issue) => {
    const variable = String(issue.path[0]);
    return { variable, reason: present[variable] === undefined ? 'is not set' : issue.message };
  });
  return { ok: false, problems: firstOfEach([...problems, ...besides]) };
}

function notSet(variable: string): ConfigProblem {
  return { variable, reason: 'is not set' };
}

function problemsBetween(values: Variables): readonly ConfigProblem[] {
  return issuerProblems({
    own: values.JWT_ISSUER,
    legacy: values.JWT_LEGACY_ISSUER,
    outside: values.OUTSIDE_ISSUERS ?? [],
    allowsLoopback: values.LOOPBACK_ENDPOINTS === 'allowed',
  });
}

/** Everything that the Worker needs. It serves nothing but /health while this is not ok. */
export function parseEnv(env: Env): ConfigResult {
  const result = checkVariables(Object.fromEntries(Object.entries(env)));
  const isUnlimited = result.ok && !result.config.limitsRequests;
  const required = isUnlimited ? bindings : [...bindings, ...limitBindings];
  const missing = required
    .filter((name) => env[name] === undefined)
    .map((variable) => ({ variable, reason: 'is not bound' }));
  const problems = [...missing, ...(result.ok ? halfMail(env, result.config) : result.problems)];
  return problems.length === 0 ? result : { ok: false, problems };
}

/** A sender without a way out, or a way out without a sender. */
function halfMail(env: Env, { mail }: Config): readonly ConfigProblem[] {
  const isBound = emailBinding(env) !== undefined;
  if (mail === undefined) return isBound ? [notSet('MAIL_FROM')] : [];
  return mail.provider === undefined && !isBound ? [notSet('MAIL_API_URL')] : [];
}

function toConfig(values: Variables): Config {
  return {
    database: {
      url: values.DATABASE_URL,
      replicaUrl: values.DATABASE_REPLICA_URL,
      fetchEndpoint: values.DATABASE_FETCH_ENDPOINT,
    },
    tokens: {
      secret: values.JWT_SECRET,
      previousSecret: values.JWT_SECRET_PREVIOUS,
      issuer: values.JWT_ISSUER,
      audience: values.JWT_AUDIENCE,
      legacyIssuer: values.JWT_LEGACY_ISSUER,
    },
    outsideIssuers: values.OUTSIDE_ISSUERS ?? [],
    stripe: {
      secretKey: values.STRIPE_SECRET_KEY,
      webhookSecrets: values.STRIPE_WEBHOOK_SECRET,
      apiBase: values.STRIPE_API_BASE,
      livemode: values.STRIPE_SECRET_KEY.includes('_live_'),
    },
    returnUrls: {
      success: values.CHECKOUT_SUCCESS_URL,
      cancel: values.CHECKOUT_CANCEL_URL,
      portal: values.PORTAL_RETURN_URL,
    },
    publicOrigin: new URL(values.PUBLIC_URL).origin,
    corsOrigins: values.CORS_ORIGINS ?? [],
    sealingKeys: values.AUTH_ENC_KEY,
    alertFailuresInARow: values.ALERT_FAILURES,
    webhookPayloadDays: values.WEBHOOK_PAYLOAD_DAYS ?? 90,
    mail: mailSettings(values),
    limitsRequests: values.RATE_LIMITS === undefined,
    acceptsSignUps: values.SIGN_UPS !== 'closed',
    metricsFlushSeconds: flushSecondsOf(values.METRICS_FLUSH_SECONDS),
    outbound: { allowsLoopback: values.LOOPBACK_ENDPOINTS === 'allowed' },
    clockUrl: values.CLOCK_URL,
  };
}

function flushSecondsOf(value = '10'): number | undefined {
  return value === 'off' ? undefined : Number(value);
}

function firstOfEach(problems: readonly ConfigProblem[]): readonly ConfigProblem[] {
  return [
    ...new Map(problems.toReversed().map((problem) => [problem.variable, problem])).values(),
  ].toReversed();
}
