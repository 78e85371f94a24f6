import type { Form } from '../../api/form.ts';
import { findRoute } from '../../api/routes.ts';
import { OPERATIONS } from '../../resources/index.ts';
import type { Context } from '../../state/context.ts';

/** Does what a request to the API does, with its checks and its errors, but as a person's deed. */
export function ask(context: Context, method: 'POST' | 'DELETE', path: string, params: Form = {}): object {
  const found = findRoute(OPERATIONS, method, path);
  if (!found) throw new Error(`The API has no ${method} ${path}.`);
  return found.route.prepare(params)(context, found.id, found.child);
}
