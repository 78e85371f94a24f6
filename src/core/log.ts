import { DomainError } from './errors.ts';

/** One JSON object a line. Members are names, ids, codes and durations: never secrets, tokens, SQL or personal data. */
export interface Log {
  info(event: string, members?: LogMembers): void;
  warn(event: string, members?: LogMembers): void;
  error(event: string, members?: LogMembers): void;
}

export type LogMembers = Readonly<Record<string, string | number | boolean | null | undefined>>;

export function createLog(context: LogMembers = {}): Log {
  const line = (level: string, event: string, members: LogMembers = {}) =>
    JSON.stringify({ level, event, ...context, ...members });
  return {
    info: (event, members) => console.log(line('info', event, members)),
    warn: (event, members) => console.warn(line('warn', event, members)),
    error: (event, members) => console.error(line('error', event, members)),
  };
}

/** An error of another system that says in names and codes what happened; its own message stays unsaid. */
export abstract class DescribedFault extends Error {
  abstract describe(): LogMembers;
}

/**
 * What may be said of an error that nobody foresaw: its class, its code where it is one of ours, and where it arose. Its message is left out, because
 * messages of drivers carry SQL and parameters, and those of token libraries the token.
 */
export function describeFault(error: unknown): LogMembers {
  if (!(error instanceof Error)) return { fault: typeof error };
  const frames = (error.stack ?? '')
    .split('\n')
    .filter((line) => /^\s+at /.test(line))
    .slice(0, 5)
    .map((line) => line.trim().slice(3));
  const described =
    error instanceof DescribedFault
      ? error.describe()
      : { code: error instanceof DomainError ? error.code : undefined };
  return { fault: error.name, ...described, at: frames.join(' < ') };
}
