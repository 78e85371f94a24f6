/** `npm run token`: prints an access token for the running local stack, or for the secrets of the environment. */
import { existsSync, readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { roles } from '../src/core/actor.ts';
import { accessClaims, signToken } from './sign-token.ts';
import { stackFile } from './stack/settings.ts';

const usage = `Usage: npm run -s token -- --role ${roles.join('|')} [--subject NAME] [--email ADDRESS] [--hours 1..24]

Signs with JWT_SECRET, JWT_ISSUER and JWT_AUDIENCE of the environment where they are set, else with those of the
running \`npm run dev\`.`;

const optionsSchema = z.object({
  role: z.enum(roles),
  subject: z.string().min(1).max(255).optional(),
  email: z.email().optional(),
  hours: z.coerce.number().positive().max(24).default(24),
});

const signer = z.object({ jwt_secret: z.string(), jwt_issuer: z.string(), jwt_audience: z.string() });
const demo = z.object({ customer: z.object({ id: z.string(), email: z.string() }) });

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
  if (!existsSync(stackFile))
    throw new Error(`Neither JWT_SECRET is set nor does \`npm run dev\` run here.\n\n${usage}`);
  const stack: unknown = JSON.parse(readFileSync(stackFile, 'utf8'));
  return { signer: signer.parse(stack), customer: demo.parse(stack).customer };
}

try {
  const { values } = parseArgs({
    options: {
      role: { type: 'string' },
      subject: { type: 'string' },
      email: { type: 'string' },
      hours: { type: 'string' },
    },
  });
  const options = optionsSchema.safeParse(values);
  if (!options.success) throw new Error(usage);
  const { role, hours } = options.data;
  const { signer: found, customer } = readSigner();
  const person = role === 'customer' && options.data.subject === undefined ? customer : undefined;
  const issuer = { secret: found.jwt_secret, issuer: found.jwt_issuer, audience: found.jwt_audience };
  const subject = options.data.subject ?? person?.id ?? `demo-${role}`;
  const email = options.data.email ?? person?.email;
  console.log(
    await signToken(issuer, accessClaims(issuer, { subject, role, email }, Math.floor(hours * 3600))),
  );
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
