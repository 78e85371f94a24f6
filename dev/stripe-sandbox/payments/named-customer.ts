import { named } from '../api/operations.ts';
import type { Context } from '../state/context.ts';

/** The customer that the parameter `customer` names; `otherwise` when it names none. Throws 400 for an unknown one. */
export function customerOr(
  context: Context,
  id: string | undefined,
  otherwise: string | null,
): string | null {
  return id === undefined ? otherwise : named(context, 'customer', id, 'customer').id;
}
