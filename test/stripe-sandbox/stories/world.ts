import type { StripeSandbox } from '../../../dev/stripe-sandbox/index.ts';
import type { ObjectName, ObjectTypes } from '../../../dev/stripe-sandbox/state/wire.ts';

/** Where `GET /_sandbox/state` shows the objects of each kind, newest first. */
const LISTS = {
  product: 'products',
  price: 'prices',
  customer: 'customers',
  'checkout.session': 'sessions',
  payment_intent: 'payment_intents',
  charge: 'charges',
  subscription: 'subscriptions',
  invoice: 'invoices',
  event: 'events',
  coupon: 'coupons',
  promotion_code: 'promotion_codes',
  discount: 'discounts',
  payment_method: 'payment_methods',
  setup_intent: 'setup_intents',
  refund: 'refunds',
  dispute: 'disputes',
  subscription_schedule: 'subscription_schedules',
  invoiceitem: 'invoice_items',
  invoice_payment: 'invoice_payments',
  'billing_portal.configuration': 'portal_configurations',
  'billing_portal.session': 'portal_sessions',
  'test_helpers.test_clock': 'test_clocks',
} as const satisfies Partial<Record<ObjectName, string>>;

type Kind = keyof typeof LISTS;
type Found<Name extends Kind> = ObjectTypes[Name];

/** All that a sandbox knows at one instant. */
export class World {
  /** The sandbox's own time in Unix seconds. */
  readonly now: number;
  readonly #state: ReadonlyMap<string, unknown>;
  readonly #byId = new Map<string, Found<Kind>>();

  constructor(state: object) {
    this.#state = new Map(Object.entries(state));
    this.now = Number(this.#state.get('now'));
    for (const kind of KINDS) for (const object of this.all(kind)) this.#byId.set(object.id, object);
  }

  /** All objects of one kind, newest first. */
  all<Name extends Kind>(kind: Name): Found<Name>[] {
    return asListOf<Name>(this.#state.get(LISTS[kind]));
  }

  find<Name extends Kind>(kind: Name, id: string | null | undefined): Found<Name> | undefined {
    const object = this.#byId.get(id ?? '');
    return object && isA(object, kind) ? object : undefined;
  }

  /** The present time of what belongs to a customer; null when the customer is gone. */
  timeOf(customer: string | null | undefined): number | null {
    if (!customer) return this.now;
    const owner = this.find('customer', customer);
    if (!owner) return null;
    return this.find('test_helpers.test_clock', owner.test_clock)?.frozen_time ?? this.now;
  }

  /** Everything as the sandbox shows it, kind by kind. */
  objects(): object[] {
    return KINDS.flatMap((kind): object[] => this.all(kind));
  }
}

/** Safe because `Object.keys` of a constant gives its own keys. */
const KINDS = Object.keys(LISTS) as Kind[];

function isA<Name extends Kind>(object: Found<Kind>, kind: Name): object is Found<Name> & Found<Kind> {
  return object.object === kind;
}

/** Safe because the sandbox lists the objects of a kind where `LISTS` says. */
function asListOf<Name extends Kind>(list: unknown): Found<Name>[] {
  return list as Found<Name>[];
}

export async function worldOf(sandbox: StripeSandbox): Promise<World> {
  const response = await fetch(`${sandbox.url}/_sandbox/state`);
  const state: unknown = await response.json();
  if (typeof state !== 'object' || state === null) throw new Error('The sandbox shows no state.');
  return new World(state);
}
