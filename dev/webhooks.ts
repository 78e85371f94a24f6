/** `npm run webhooks`: what an operator does about the webhooks of an installation, wherever it runs. */
import { z } from 'zod';
import { ignore, replay, retry } from './webhooks/act.ts';
import { findInstallation } from './webhooks/installation.ts';
import { list, show, stats } from './webhooks/look.ts';
import { readCommandLine, usage, UsageError, type Asked } from './webhooks/options.ts';

/** Answers whether everything was done. */
async function run({ command, names, options }: Asked): Promise<boolean> {
  if (command === undefined) {
    console.log(usage);
    return true;
  }
  if (names.length > 0 && (command === 'list' || command === 'stats')) {
    throw new UsageError(`${command} takes only options.`);
  }
  const installation = await findInstallation(options);
  switch (command) {
    case 'list':
      await list(installation, options);
      return true;
    case 'show':
      await show(installation, names, options);
      return true;
    case 'stats':
      await stats(installation, options);
      return true;
    case 'retry':
      return retry(installation, names, options);
    case 'ignore':
      return ignore(installation, names, options);
    case 'replay':
      return replay(installation, names, options);
  }
}

function report(error: unknown): 1 | 2 {
  if (error instanceof UsageError) {
    console.error(`${error.message}\n\n${usage}`);
    return 2;
  }
  const isUnread = error instanceof z.ZodError;
  const message = error instanceof Error ? error.message : String(error);
  console.error(isUnread ? 'The installation answered what this command cannot read.' : message);
  return 1;
}

try {
  process.exitCode = (await run(readCommandLine(process.argv.slice(2)))) ? 0 : 1;
} catch (error) {
  process.exitCode = report(error);
}
