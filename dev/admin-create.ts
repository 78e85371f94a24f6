/** `npm run admin:create`: makes an admin of an installation, the first one above all, by a link that opens once. */
import { z } from 'zod';
import { createUsage } from '../src/core/usage.ts';
import { connect, openDatabase } from '../src/db/index.ts';
import { adminInput, createAdmin, type AdminOutcome } from '../src/identity/index.ts';
import { readCommandLine } from './command-line.ts';
import { startGateway } from './neon-gateway/index.ts';
import { findInstallation } from './script-targets.ts';

const usage = `Usage: npm run admin:create -- --email you@example.com [--name "Your Name"] [--promote] [--variables .env.production]

Prints a link that opens an admin's account, once and within a day: whoever has it chooses the password. Again, for an
account that nobody has opened yet: a new link, and the one before is void. --promote makes an account that is there
already an admin's. Works on DATABASE_URL and PUBLIC_URL of the file, else of the environment, else on the running
\`npm run dev\`.`;

/** What to say, and whether the account is, or can become, an admin's. */
function tell(email: string, found: AdminOutcome): { readonly text: string; readonly isDone: boolean } {
  if (found.outcome === 'invited') {
    return {
      isDone: true,
      text: `${email} becomes an admin by this link, once and within a day. It is shown this once:\n\n  ${found.link}\n\nAfter it, sign in, and set up the second factor: until then nothing else is open.`,
    };
  }
  const { role, status } = found.user;
  switch (found.outcome) {
    case 'promoted':
      return {
        isDone: true,
        text: `${email} was a ${role}, and is an admin now. All its sessions are ended: sign in again, and set up the second factor if there is none.`,
      };
    case 'admin_already':
      return { isDone: true, text: `${email} is an admin already. Nothing was changed.` };
    case 'disabled':
      return { isDone: false, text: `${email} is disabled: an admin must enable it. Nothing was changed.` };
    case 'needs_promotion':
      return {
        isDone: false,
        text: `${email} is the account of a ${role} already (${status}). With --promote it would become an admin's: ${
          status === 'active'
            ? 'its sessions would end, and nothing would be open to it but to set up a second factor'
            : 'every link that it was sent would be void, and a new one be shown here'
        }. Nothing was changed.`,
      };
  }
}

function readCommand() {
  const values = readCommandLine(
    {
      email: { type: 'string' },
      name: { type: 'string' },
      promote: { type: 'boolean', default: false },
      variables: { type: 'string' },
    },
    usage,
  );
  const input = adminInput.safeParse({ email: values.email, name: values.name });
  if (!input.success) throw new Error(`${z.prettifyError(input.error)}\n\n${usage}`);
  return { ...values, ...input.data };
}

try {
  const { email, name, promote: isPromotion, variables } = readCommand();
  const { databaseUrl, fetchEndpoint, publicOrigin } = findInstallation(variables, usage);
  // Only Neon speaks SQL over HTTP itself.
  const speaksHttp = fetchEndpoint !== undefined || new URL(databaseUrl).hostname.endsWith('.neon.tech');
  const gateway = speaksHttp ? undefined : await startGateway();
  try {
    const connection = connect({ url: databaseUrl, fetchEndpoint: fetchEndpoint ?? gateway?.url });
    const deps = {
      db: openDatabase(connection, createUsage()),
      requestId: `script_${crypto.randomUUID().replaceAll('-', '')}`,
      publicOrigin,
    };
    const { text, isDone } = tell(email, await createAdmin(deps, { email, name, isPromotion }));
    console.log(text);
    process.exitCode = isDone ? 0 : 1;
  } finally {
    await gateway?.stop();
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}
