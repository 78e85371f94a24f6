/** `npm run token`: prints an access token for the running local stack, or for the secrets of the environment. */
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { roles } from '../src/core/actor.ts';
import { readCommandLine } from './command-line.ts';
import { accessClaims, signToken } from './sign-token.ts';
import { stackFile } from './stack/settings.ts';

const usage = `Usage: npm run -s token -- --role ${roles.join('|')} [--subject NAME] [--email ADDRESS] [--hours 1..24]
       npm run -s token -- --issuer outside [--subject NAME] [--email ADDRESS] [--hours 1..24]

Signs with JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE of the environment where they are set, else with those of the
running \`npm run dev\`. With --issuer outside the other issuer that \`npm run dev\` runs makes it, for a customer.`;

const optionsSchema = z.object({
  issuer: z.enum(['own', 'outside']).default('own'),
  role: z.enum(roles).default('customer'),
  subject: z.string().min(1).max(255).optional(),
  email: z.email().optional(),
  hours: z.coerce.number().positive().max(24).default(24),
});

const signer = z.object({ jwt_secret: z.string(), jwt_issuer: z.string(), jwt_audience: z.string() });
const demo = z.object({ customer: z.object({ id: z.string(), email: z.string() }) });

type Options = z.output<typeof optionsSchema>;

function readStack(): unknown {
  if (existsSync(stackFile)) return JSON.parse(readFileSync(stackFile, 'utf8'));
  throw new Error(`Neither JWT_SECRET is set nor does \`npm run dev\` run here.\n\n${usage}`);
}

function readSigner(): {
  readonly signer: z.output<typeof signer>;
  readonly customer?: { id: string; email: string };
} {
  const { JWT_SECRET, JWT_ISSUER, JWT_AUDIENCE } = process.env;
  if (JWT_SECRET !== undefined) {
    return {
      signer: signer.parse({ jwt_secret: JWT_SECRET, jwt_issuer: JWT_ISSUER, jwt_audience: JWT_AUDIENCE }),
    };
  }
  const stack = readStack();
  return { signer: signer.parse(stack), customer: demo.parse(stack).customer };
}

function ownToken({ role, hours, ...given }: Options): Promise<string> {
  const { signer: found, customer } = readSigner();
  const person = role === 'customer' && given.subject === undefined ? customer : undefined;
  const issuer = { secret: found.jwt_secret, issuer: found.jwt_issuer, audience: found.jwt_audience };
  const subject = given.subject ?? person?.id ?? `demo-${role}`;
  const email = given.email ?? person?.email;
  return signToken(issuer, accessClaims(issuer, { subject, role, email }, Math.floor(hours * 3600)));
}

const outsideStack = z.object({ outside_token_url: z.url() });
const made = z.object({ access_token: z.string() });

/** The other issuer is asked as anybody asks it: its keys are its own. */
async function outsideToken({ subject = 'somebody', email, hours }: Options): Promise<string> {
  const stack = outsideStack.safeParse(readStack()).data;
  if (stack === undefined)
    throw new Error('The issuers of OUTSIDE_ISSUERS in .dev.vars make their tokens themselves.');
  const body = { subject, seconds: Math.floor(hours * 3600), claims: email === undefined ? {} : { email } };
  const answer = await fetch(stack.outside_token_url, { method: 'POST', body: JSON.stringify(body) });
  return made.parse(await answer.json()).access_token;
}

try {
  const values = readCommandLine(
    {
      issuer: { type: 'string' },
      role: { type: 'string' },
      subject: { type: 'string' },
      email: { type: 'string' },
      hours: { type: 'string' },
    },
    usage,
  );
  const options = optionsSchema.safeParse(values);
  const isAnyOnes = values.role === undefined && values.issuer !== 'outside';
  if (!options.success || isAnyOnes) throw new Error(usage);
  const { issuer } = options.data;
  console.log(await (issuer === 'outside' ? outsideToken(options.data) : ownToken(options.data)));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
