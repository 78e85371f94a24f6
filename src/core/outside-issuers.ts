import { z } from 'zod';

export const issuerAlgorithms = ['RS256', 'ES256', 'EdDSA'] as const;
export type IssuerAlgorithm = (typeof issuerAlgorithms)[number];

/** What a claim of an outside issuer may make of somebody who is otherwise a customer. */
export type MappedRole = 'customer' | 'viewer' | 'admin';

/** Somebody else who vouches for people, and publishes the keys of the tokens. */
export interface OutsideIssuer {
  readonly issuer: string;
  readonly audience: readonly string[];
  readonly jwksUrl: URL;
  readonly algorithms: readonly IssuerAlgorithm[];
  readonly emailClaim: string;
  /** Undefined: everybody is a customer. */
  readonly role: { readonly claim: string; readonly values: ReadonlyMap<string, MappedRole> } | undefined;
}

const name = (member: string) =>
  z
    .string({ error: `${member} must be text` })
    .min(1, `${member} must not be empty`)
    .max(255, `${member} must have at most 255 characters`);

const loopback: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

const jwksUrl = z
  .url({ protocol: /^https?$/, error: 'jwks_url must be an https URL', abort: true })
  .transform((value) => new URL(value))
  .refine(
    ({ protocol, hostname, username, password }) =>
      (protocol === 'https:' || loopback.includes(hostname)) && username === '' && password === '',
    'jwks_url must be an https URL without a user in it',
  );

const audience = z.union([name('audience').transform((value) => [value]), z.array(name('audience')).min(1)], {
  error: 'audience must be text, or a list of at least one text',
});

const algorithms = z
  .array(z.enum(issuerAlgorithms), { error: 'algorithms must be a list' })
  .min(1)
  .refine((values) => new Set(values).size === values.length);

const entry = z
  .strictObject(
    {
      issuer: name('issuer'),
      audience,
      jwks_url: jwksUrl,
      algorithms: algorithms.default([...issuerAlgorithms]),
      email_claim: name('email_claim').default('email'),
      role_claim: name('role_claim').optional(),
      role_values: z
        .record(z.string().min(1), z.enum(['viewer', 'admin']))
        .refine((values) => Object.keys(values).length > 0)
        .optional(),
    },
    { error: 'has a member that is not known, or is no object' },
  )
  .refine(({ role_claim, role_values }) => (role_claim === undefined) === (role_values === undefined), {
    error: 'role_claim and role_values belong together',
  })
  .transform(
    ({
      issuer,
      audience: audiences,
      jwks_url,
      algorithms: allowed,
      email_claim,
      role_claim,
      role_values,
    }): OutsideIssuer => ({
      issuer,
      audience: audiences,
      jwksUrl: jwks_url,
      algorithms: allowed,
      emailClaim: email_claim,
      role:
        role_claim === undefined || role_values === undefined
          ? undefined
          : { claim: role_claim, values: new Map(Object.entries(role_values)) },
    }),
  );

/** By member: what a value of it must be. Messages of the library tell values. */
const rules: Readonly<Record<string, string>> = {
  algorithms: `algorithms must be some of ${issuerAlgorithms.join(', ')}, each once`,
  role_values: 'role_values must map values of the claim to viewer or admin',
};

/** `OUTSIDE_ISSUERS`: a JSON array, one object for each issuer. A problem names the entry and the member, never a value. */
export const outsideIssuers = z.string().transform((text, context): readonly OutsideIssuer[] => {
  const problem = (message: string) => {
    context.addIssue({ code: 'custom', message });
    return z.NEVER;
  };
  const list = z.array(z.unknown()).safeParse(parseJson(text));
  if (!list.success) return problem('must be a JSON array');
  const issuers: OutsideIssuer[] = [];
  for (const [index, value] of list.data.entries()) {
    const parsed = entry.safeParse(value);
    if (!parsed.success) return problem(`entry ${index + 1}: ${reasonOf(parsed.error)}`);
    issuers.push(parsed.data);
  }
  if (new Set(issuers.map(({ issuer }) => issuer)).size < issuers.length) {
    return problem('must not have an issuer twice');
  }
  return issuers;
});

function reasonOf({ issues }: z.ZodError): string {
  const [issue] = issues;
  const member = String(issue?.path[0] ?? '');
  if (issue?.code === 'invalid_type' && issue.path.length === 1)
    return `${member} is missing, or of a wrong type`;
  return rules[member] ?? issue?.message ?? 'is wrong';
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

interface IssuerNames {
  readonly own: string;
  readonly legacy: string | undefined;
  readonly outside: readonly OutsideIssuer[];
  /** Whether keys may come from this machine by plain HTTP: dev and tests alone. */
  readonly allowsLoopback: boolean;
}

/** What is wrong with issuers beside each other: whose a token is decides how it is verified. */
export function issuerProblems({ own, legacy, outside, allowsLoopback }: IssuerNames) {
  const outsideProblem = (reason: string) => ({ variable: 'OUTSIDE_ISSUERS', reason });
  const named = outside.map(({ issuer }) => issuer);
  return [
    ...(legacy === own ? [{ variable: 'JWT_LEGACY_ISSUER', reason: 'must differ from JWT_ISSUER' }] : []),
    ...(named.includes(own) ? [outsideProblem('must not have JWT_ISSUER')] : []),
    ...(legacy !== undefined && named.includes(legacy)
      ? [outsideProblem('must not have JWT_LEGACY_ISSUER')]
      : []),
    ...(!allowsLoopback && outside.some(({ jwksUrl: url }) => url.protocol === 'http:')
      ? [outsideProblem('needs a jwks_url of https (http is for dev and tests)')]
      : []),
  ];
}
