/** Command lines of scripts: a wrong one is told what is right. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

/** A word that the script does not know. */
export class WrongCommandLine extends Error {
  override readonly name = 'WrongCommandLine';
}

/** The options given, as `parseArgs` reads them. `--help` prints the usage and ends the process. */
export function readCommandLine<const Options extends ParseArgsOptionsConfig>(
  options: Options,
  usage: string,
  args: readonly string[] = process.argv.slice(2),
) {
  if (args.includes('--help') || args.includes('-h')) {
    console.log(usage);
    process.exit(0);
  }
  try {
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new WrongCommandLine(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
  }
}
