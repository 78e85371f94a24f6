/** `npm run code`: prints what the demo admin of the running `npm run dev` signs in with: a code that is good now. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { sql } from 'drizzle-orm';
import { z } from 'zod';
import { createUsage } from '../src/core/usage.ts';
import { build, connect, openDatabase } from '../src/db/index.ts';
import { totpOf } from '../src/identity/totp.ts';
import { readCommandLine } from './command-line.ts';
import { defaultStateFolder } from './stack/settings.ts';

const usage = `Usage: npm run -s code -- [--password] [--state .ratecard]

Prints a code of the demo admin's second factor, or, with --password, the password of the demo people. A code is taken
once: of the half minute that was used already, this prints the next one.`;

const stepMilliseconds = 30_000;

const stackSchema = z.object({
  database_url: z.string(),
  gateway: z.string().nullable(),
  admin: z.object({ id: z.string(), password: z.string(), totp_secret: z.string() }),
});
type Stack = z.output<typeof stackSchema>;

function readStack(stateFolder: string): Stack {
  const file = join(stateFolder, 'dev.json');
  if (!existsSync(file)) throw new Error(`\`npm run dev\` does not run here.\n\n${usage}`);
  const stack = stackSchema.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  if (stack.success) return stack.data;
  throw new Error('Nobody can sign in by a password of ours: the database is not one of this machine.');
}

/** The step of 30 s whose code was taken last. */
async function lastStep({ database_url: url, gateway, admin }: Stack): Promise<number> {
  const db = openDatabase(connect({ url, fetchEndpoint: gateway ?? undefined }), createUsage());
  const select = sql`select last_step::text as step from totp_factors where user_id = ${admin.id}::uuid`;
  const { rows } = await db.run(build.execute<{ step: string }>(select));
  return Number(rows[0]?.step ?? 0);
}

/** A code of the next half minute is taken, too, for clocks that are a little off: only the one after it is waited for. */
async function nextCode(stack: Stack): Promise<string> {
  const step = Math.max(Math.floor(Date.now() / stepMilliseconds), (await lastStep(stack)) + 1);
  await delay(Math.max(0, (step - 1) * stepMilliseconds - Date.now()));
  return totpOf(stack.admin.totp_secret).generate({ timestamp: step * stepMilliseconds });
}

try {
  const values = readCommandLine(
    {
      password: { type: 'boolean', default: false },
      state: { type: 'string', default: defaultStateFolder },
    },
    usage,
  );
  const stack = readStack(values.state);
  console.log(values.password ? stack.admin.password : await nextCode(stack));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
