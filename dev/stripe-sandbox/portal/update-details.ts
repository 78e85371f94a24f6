import { invalid } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { updateCustomer } from '../objects/customer.ts';
import type { Configuration } from '../objects/portal-configuration.ts';
import type { Result } from './result.ts';
import type { Visit } from './visit.ts';

export type Detail = Configuration['features']['customer_update']['allowed_updates'][number];

/** What customers may change about themselves; nothing when the feature is off. */
export function changeableDetails({ configuration }: Visit): readonly Detail[] {
  const { allowed_updates: allowed, enabled } = configuration.features.customer_update;
  return enabled ? allowed : [];
}

const ADDRESS = ['line1', 'line2', 'city', 'state', 'postal_code', 'country'] as const;

/** Saves the fields that were sent (`customer.updated`). Throws Stripe's 400 for one that may not change. */
export function updateDetails(visit: Visit, fields: URLSearchParams): Result {
  const changeable = changeableDetails(visit);
  const params: Params<'customerUpdate'> = {};
  for (const name of ['name', 'email', 'phone'] as const) {
    const value = fields.get(name)?.trim();
    if (value === undefined) continue;
    if (!changeable.includes(name)) throw invalid(`Your ${name} cannot be changed here.`, name);
    params[name] = value;
  }
  if (ADDRESS.some((name) => fields.has(name))) {
    if (!changeable.includes('address')) throw invalid('Your address cannot be changed here.', 'address');
    params.address = Object.fromEntries(ADDRESS.map((name) => [name, fields.get(name)?.trim() ?? '']));
  }
  if (params.email === '') throw invalid('Your email is incomplete.', 'email');
  updateCustomer(visit.context, visit.context.store.must('customer', visit.customer.id), params);
  return { done: 'details_updated' };
}
