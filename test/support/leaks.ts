/** An answer, as far as it could tell what must not be told. */
export interface ToldAnswer {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body that was sent, and its Idempotency-Key. */
  readonly sent: unknown;
  readonly idempotencyKey?: string | undefined;
}

/** Finds what a Worker tells of secrets, in each of its answers and in its log. */
export interface LeakWatch {
  answered(answer: ToldAnswer): void;
  logged(lines: readonly string[]): void;
  /** What was found, without the secrets themselves. */
  findings(): readonly string[];
}

/** What stands in no answer and in no log line, whoever asks and whatever happens. */
const neverTold = {
  'the hash of a password': String.raw`\$scrypt\$`,
  'a column of secrets': String.raw`\b(?:password|secret|token|code|refresh|challenge|request|successor)_hash\b|\bsealed_(?:secret|successor)\b|\bpending_secret\b`,
  'a SHA-256 hash': String.raw`\b[0-9a-f]{64}\b`,
  'a sealed secret': String.raw`\bv[1-9]\d{0,8}\.[\w-]{38,}`,
  'an address of the database': String.raw`\bpostgres(?:ql)?://`,
  SQL: String.raw`\b(?:insert into "?\w+"? ?\(|delete from "?\w+"?|update "?\w+"? (?:as \w+ )?set |select (?:\*|"\w+"|\w+\() ?.{0,200}?\bfrom "?\w+)|violates (?:unique|check|foreign key|exclusion|not-null) constraint|Failed query`,
} as const;

/** A secret that is shown to whom it is made for, by the routes that make it, and stands in no log line. */
const shown = {
  'an access token': [
    String.raw`\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*`,
    /^POST \/auth\/(sign-in|sign-in\/code|refresh)$/,
  ],
  'a refresh token': [String.raw`\brcr_[\w-]{43}`, /^POST \/auth\/(sign-in|sign-in\/code|refresh)$/],
  'the secret of a cookie': [String.raw`\brcs_[\w-]{43}`, /^POST \/auth\/sign-in(\/code)?$/],
  'a challenge': [String.raw`\brcc_[\w-]{43}`, /^POST \/auth\/sign-in$/],
  'the token of a link': [String.raw`\brcl_[\w-]{43}`, undefined],
  'an API key': [
    String.raw`\brc_(?:live|test)_\w{12}_[\w-]{20,}`,
    /^POST \/(auth|admin)\/api-keys(\/[^/]+\/rotate)?$/,
  ],
  "an endpoint's secret": [
    String.raw`\bwhsec_[\w+/=]{16,}`,
    /^POST \/admin\/endpoints(\/[^/]+\/rotate-secret)?$/,
  ],
  'a second factor': [String.raw`\botpauth://[^\s"]*secret=[A-Z2-7]+`, /^POST \/auth\/second-factor$/],
  'a recovery code': [
    String.raw`\b[2-9A-HJ-NP-Z]{4}(?:-[2-9A-HJ-NP-Z]{4}){3}\b`,
    /^POST \/auth\/second-factor\/(confirm|recovery-codes)$/,
  ],
} as const satisfies Record<string, readonly [pattern: string, issuedBy: RegExp | undefined]>;

const mailAddress = String.raw`[\w.+-]+@(?:[\w-]+\.)+[a-z]{2,}`;

/** Members of bodies that hold what only its owner knows. */
const proofs = /^(?:.*password|code|recovery_code|token|challenge|refresh_token)$/;

/** The variables whose values are secrets; of the database's address the pattern above finds any. */
const secretVariables = [
  'JWT_SECRET',
  'JWT_SECRET_PREVIOUS',
  'AUTH_ENC_KEY',
  'STRIPE_SECRET_KEY',
  'STRIPE_WEBHOOK_SECRET',
  'MAIL_API_KEY',
] as const;

/** What is shorter is no secret: a test has a Worker refuse it. */
const shortestSecret = 16;

/** The Worker's own secrets, each by itself where a variable holds several. */
function ownSecrets(
  variables: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string>> {
  const entries = secretVariables.flatMap((name) =>
    (variables[name] ?? '')
      .split(',')
      .map((entry, index) => [`${name} ${index}`, entry.trim().replace(/^\d+:/, '')] as const)
      .filter(([, secret]) => secret.length >= shortestSecret),
  );
  return Object.fromEntries(entries.map(([name, secret]) => [name, escaped(secret)]));
}

/** @param variables what the Worker is configured with */
export function watchForLeaks(variables: Readonly<Record<string, string | undefined>>): LeakWatch {
  const found = new Set<string>();
  /** Each with the Idempotency-Key that it was issued under. */
  const issued = new Map<string, string | undefined>();
  const given = new Set<string>();
  const own = ownSecrets(variables);
  const everywhere = matcher({ ...neverTold, ...own });
  const secretsShown = matcher(
    Object.fromEntries(Object.entries(shown).map(([kind, [pattern]]) => [kind, pattern])),
  );
  const inLogs = matcher({
    ...neverTold,
    ...own,
    ...Object.fromEntries(Object.entries(shown).map(([kind, [pattern]]) => [kind, pattern])),
    'an address of mail': mailAddress,
  });

  return {
    answered(answer) {
      noteProofs(answer.sent, given);
      const where = `${answer.method} ${answer.path.replace(/\?.*/, '')}`;
      const text = `${[...answer.headers].map(([name, value]) => `${name}: ${value}`).join('\n')}\n${answer.text}`;
      // A client is told again what it has said itself, such as the name of a parameter that is not known.
      const said = `${answer.path} ${JSON.stringify(answer.sent)}`;
      for (const { kind } of everywhere(text).filter((told) => !said.includes(told.text)))
        found.add(`${where} (${answer.status}) tells ${kind}`);
      for (const { kind, text: secret } of secretsShown(text)) {
        // The same request again gets the same secret, also where its answer was lost before anybody kept it.
        const isRepeated =
          issued.has(secret) &&
          (answer.idempotencyKey === undefined || issued.get(secret) !== answer.idempotencyKey);
        const fault = showingFault(answer, where, kind, isRepeated);
        if (fault !== undefined) found.add(`${where} (${answer.status}) tells ${kind}: ${fault}`);
        if (!issued.has(secret)) issued.set(secret, answer.idempotencyKey);
      }
    },
    logged(lines) {
      const proven = [...given].map((proof) => String.raw`(?<![\w.-])${escaped(proof)}(?![\w.-])`).join('|');
      const inLine = proven === '' ? undefined : new RegExp(proven);
      for (const line of lines) {
        const kinds = inLogs(line).map(({ kind }) => kind);
        if (inLine?.test(line) === true) kinds.push('what somebody proved himself with');
        for (const kind of kinds)
          found.add(`a log line tells ${kind}: ${/"event":"\w+"/.exec(line)?.[0] ?? 'not of ours'}`);
      }
    },
    findings: () => [...found],
  };
}

/** Why this answer must not show this secret; undefined where it may. */
function showingFault(
  { status, headers }: ToldAnswer,
  where: string,
  kind: string,
  isRepeated: boolean,
): string | undefined {
  const [, issuedBy] = Object.entries(shown).find(([name]) => name === kind)?.[1] ?? [];
  if (issuedBy?.test(where) !== true || status >= 300) return 'it does not issue it';
  if (headers.get('Cache-Control') !== 'no-store') return 'a cache may keep it';
  // The same exchange within seconds gets the same token, too.
  return isRepeated && where !== 'POST /auth/refresh' ? 'it was shown before' : undefined;
}

/** Finds everything of these kinds in one pass. */
function matcher(patterns: Readonly<Record<string, string>>) {
  const kinds = Object.keys(patterns);
  const all = new RegExp(kinds.map((kind) => `(${patterns[kind]})`).join('|'), 'g');
  return (text: string): { readonly kind: string; readonly text: string }[] =>
    [...text.matchAll(all)].map(([match, ...groups]) => ({
      kind: kinds[groups.findIndex((group) => group !== undefined)] ?? '',
      text: match,
    }));
}

/** Notes passwords, codes and tokens among the members of a body. */
function noteProofs(sent: unknown, given: Set<string>): void {
  if (sent === null || typeof sent !== 'object' || Array.isArray(sent)) return;
  for (const [name, value] of Object.entries(sent)) {
    if (typeof value === 'string' && value.length >= 6 && proofs.test(name)) given.add(value);
  }
}

function escaped(text: string): string {
  return text.replaceAll(/\W/g, String.raw`\$&`);
}
