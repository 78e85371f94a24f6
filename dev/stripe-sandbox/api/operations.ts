import { customerOf, inTimeOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { Store } from '../state/store.ts';
import { noSuch } from './errors.ts';
import type { Form } from './form.ts';
import { inRange, page, type PageParams, type Range } from './lists.ts';
import { checkParameters, type Params } from './parameters.ts';
import type { Requests } from './requests.ts';
import type { ObjectName, ObjectTypes } from '../state/wire.ts';

/**
 * One endpoint of the API. `prepare` checks the parameters and returns the
 * work; that split matters because only work that began is remembered for an
 * Idempotency-Key.
 */
export interface Operation {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** `/v1/products/:id`, or `/v1/customers/:id/sources/:child` */
  readonly path: string;
  prepare(form: Form): (context: Context, id: string, child: string) => object;
}

/** An endpoint with its own parameters; `id` and `child` are the path's `:id` and `:child`. */
export function operation<Name extends keyof Requests>(
  method: Operation['method'],
  path: string,
  request: Name,
  run: (context: Context, params: Params<Name>, id: string, child: string) => object,
): Operation {
  return {
    method,
    path,
    prepare(form) {
      const params = checkParameters(request, form);
      return (context, id, child) => {
        const customer = customerConcerned(context.store, id, form);
        return run(inTimeOf(context, customer), params, id, child);
      };
    },
  };
}

/** Parameters that name whom a request is about. */
const NAMING = [
  'customer',
  'subscription',
  'from_subscription',
  'invoice',
  'payment_intent',
  'charge',
  'schedule',
];

/** Whose time counts for a request: that of the customer whose object it names. */
function customerConcerned(store: Store, id: string, form: Form): string | null {
  for (const name of [id, ...NAMING.map((param) => form[param])]) {
    const customer = typeof name === 'string' ? customerOf(store, name) : null;
    if (customer !== null) return customer;
  }
  return null;
}

/** GET of one object by its id. */
export function retrieve<Name extends ObjectName>(path: string, name: Name): Operation {
  return operation('GET', `${path}/:id`, 'expandOnly', (context, _params, id) => own(context, name, id));
}

type ListName = {
  [Name in keyof Requests]: Requests[Name] extends PageParams ? Name : never;
}[keyof Requests];

type DatedName = {
  [Name in ObjectName]: ObjectTypes[Name] extends { created: number } ? Name : never;
}[ObjectName];

/** GET of a page of objects, newest first; `created` filters wherever the request has it. */
export function list<Name extends DatedName, Request extends ListName>(
  path: string,
  name: Name,
  request: Request,
  keep: (object: ObjectTypes[Name], params: Params<Request>) => boolean = () => true,
): Operation {
  return operation('GET', path, request, (context, params) => {
    const paging = pagingOf(params);
    checkCustomer(context, paging.customer);
    return page(
      context.store.all(name),
      paging,
      path,
      (object) => inRange(object.created, paging.created) && keep(object, params),
    );
  });
}

/** Safe because `ListName` admits only requests that extend the SDK's paging parameters. */
function pagingOf(params: unknown): PageParams & { created?: Range; customer?: string } {
  return params as PageParams & { created?: Range; customer?: string };
}

/** What a customer had can be listed afterwards, too; nobody has what never was. Throws 400. */
export function checkCustomer(context: Context, id: string | undefined): void {
  if (id === undefined || context.store.deleted(id)?.object === 'customer') return;
  named(context, 'customer', id, 'customer');
}

/** The object that the path names: 404 when there is none. */
export function own<Name extends ObjectName>(context: Context, name: Name, id: string): ObjectTypes[Name] {
  const object = context.store.get(name, id);
  if (!object) throw noSuch(name, id, 'id', 404);
  return object;
}

/** An object that a parameter names: 400 when there is none. */
export function named<Name extends ObjectName>(
  context: Context,
  name: Name,
  id: string,
  param: string,
): ObjectTypes[Name] {
  const object = context.store.get(name, id);
  if (!object) throw noSuch(name, id, param);
  return object;
}
