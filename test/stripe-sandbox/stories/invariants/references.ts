import { isObject } from '../differences.ts';
import type { World } from '../world.ts';

/** Ids that the sandbox makes, by their prefixes. */
const ID =
  /^(cus_|in_1|sub_1|si_|pi_3|ch_3|re_3|pyr_1|du_1|ii_1|il_1|inpay_1|pm_1|card_1|price_1|prod_|promo_1|seti_1|cs_test_|sub_sched_1|clock_1|bpc_1|bps_1)[0-9A-Za-z]{14,}$/;

/** Every id that an object names is that of an object that exists, or did. */
export function* referencesExist(world: World): Iterable<string> {
  const known = new Set<string>();
  const named = new Map<string, string>();
  for (const object of world.objects()) collect(object, known, named);
  for (const [id, where] of named) if (!known.has(id)) yield `${where} names ${id}, which never was`;
}

function collect(value: object, known: Set<string>, named: Map<string, string>, owner = ''): void {
  if ('type' in value && value.type === 'invoice.upcoming') return;
  const own = 'id' in value && 'object' in value ? String(value.id) : null;
  if (own !== null) known.add(own);
  for (const [key, member] of Object.entries(value)) {
    if (isObject(member)) collect(member, known, named, own ?? owner);
    else if (typeof member === 'string' && key !== 'id' && ID.test(member))
      named.set(member, `${own ?? owner}.${key}`);
  }
}
