import type { MiddlewareHandler } from 'hono';
import { parseEnv, type ConfigResult } from '../env.ts';
import type { AppEnv } from './context.ts';
import { problem } from './problem.ts';

const parsed = new WeakMap<Env, ConfigResult>();

/** Reads the configuration once for an isolate. */
export function configurationOf(env: Env): ConfigResult {
  const present = parsed.get(env) ?? parseEnv(env);
  parsed.set(env, present);
  return present;
}

/** While a variable is missing or weak nothing is served; the answer names the variable, never its value. */
export const requireConfiguration: MiddlewareHandler<AppEnv> = async (c, next) => {
  const result = configurationOf(c.env);
  if (!result.ok) {
    const names = result.problems.map(({ variable }) => variable).join(', ');
    return problem(c, {
      status: 503,
      code: 'misconfigured',
      detail: `This installation is not configured: ${names}.`,
      errors: result.problems.map(({ variable, reason }) => ({
        pointer: variable,
        code: 'misconfigured',
        detail: `${variable} ${reason}`,
      })),
    });
  }
  c.set('config', result.config);
  return next();
};
