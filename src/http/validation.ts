import type { MiddlewareHandler } from 'hono';
import type { z } from 'zod';
import { invalid, malformed, notFound, type FieldError } from '../core/errors.ts';
import type { AppEnv } from './context.ts';

type ValidationResult =
  | { readonly success: true }
  | { readonly success: false; readonly error: z.core.$ZodError; readonly target: string };

/**
 * For `defaultHook`: what a route's schemas refuse becomes a problem that points at each field. A path that fits no
 * schema names nothing that exists.
 */
export function refuseInvalid(result: ValidationResult & { readonly target: string }): undefined {
  if (result.success) return undefined;
  const { error, target } = result;
  const fields = error.issues.flatMap((issue) => fieldErrors(issue, target));
  switch (target) {
    case 'param':
      throw notFound('not_found', 'There is nothing here.');
    case 'json':
      throw invalid('invalid_body', 'The body does not have the form that this route takes.', fields);
    default:
      throw malformed(
        `invalid_${target}`,
        'A parameter does not have the form that this route takes.',
        fields,
      );
  }
}

function fieldErrors(issue: z.core.$ZodIssue, target: string): readonly FieldError[] {
  const paths =
    issue.code === 'unrecognized_keys' ? issue.keys.map((key) => [...issue.path, key]) : [issue.path];
  const code = issue.code === 'unrecognized_keys' ? 'unknown_field' : issue.code;
  return paths.map((path) => ({
    pointer: target === 'json' ? jsonPointer(path) : `${target === 'query' ? '?' : ''}${path.join('.')}`,
    code,
    detail: issue.code === 'unrecognized_keys' ? 'is not known here' : issue.message,
  }));
}

/** RFC 6901. */
function jsonPointer(path: readonly PropertyKey[]): string {
  return path.map((part) => `/${String(part).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

/** A parameter given twice means two things at once. */
export const refuseRepeatedParameters: MiddlewareHandler<AppEnv> = async (c, next) => {
  const names = c.req.url.includes('&') ? [...new URL(c.req.url).searchParams.keys()] : [];
  const repeated = names.filter((name, index) => names.indexOf(name) !== index);
  if (repeated.length > 0) {
    throw malformed(
      'repeated_parameter',
      'A query parameter is given more than once.',
      repeated.map((name) => ({ pointer: `?${name}`, code: 'repeated_parameter', detail: 'give it once' })),
    );
  }
  await next();
};
