import { z } from 'zod';
import { actorLabel, type Actor } from '../core/actor.ts';
import { DomainError, invalid, notFound } from '../core/errors.ts';
import { describeFault } from '../core/log.ts';
import type { Author, Statement } from '../db/index.ts';
import type { Deps } from '../deps.ts';
import { StripeRefusal } from '../stripe/index.ts';
import { mendCatalogue, publishCatalogue } from './catalogue.ts';
import { doStripeWork, stripeWorkSchema } from './converge-stripe.ts';
import { catalogueSchema, itemSchema, type Item, type ItemReference, type Terms } from './items.ts';
import { findItem, findOperation } from './queries.ts';
import { findOutcome } from './stripe-queries.ts';

/** What the verbs that read and write one item have in common. */

export type WriteDeps = Pick<
  Deps,
  'db' | 'stripe' | 'clock' | 'log' | 'documents' | 'requestId' | 'operationId'
>;

type ItemRows = { readonly rows: readonly { item: unknown }[] };

/** Throws `plan_not_found` or `package_not_found`. */
export async function loadItem(deps: Pick<Deps, 'db' | 'clock'>, reference: ItemReference): Promise<Item> {
  return onlyItem(reference, await deps.db.run(findItem(reference, deps.clock.now())));
}

/**
 * The item, and whether this operation has changed it already: an earlier attempt under the same Idempotency-Key, whose
 * answer was lost. Then readers are shown what it did, since that attempt may not have got so far.
 */
export async function loadItemToChange(
  deps: WriteDeps,
  reference: ItemReference,
): Promise<{ item: Item; isChanged: boolean }> {
  const [found, operation] = await deps.db.batch([
    findItem(reference, deps.clock.now()),
    findOperation(deps.operationId),
  ]);
  const isChanged = operation.length > 0;
  if (isChanged) await mendCatalogue(deps);
  return { item: onlyItem(reference, found), isChanged };
}

function onlyItem({ type }: ItemReference, rows: ItemRows): Item {
  const [item] = parseItems(rows);
  if (item === undefined) throw notFound(`${type}_not_found`, `There is no such ${type}.`);
  return item;
}

export function parseItems({ rows }: ItemRows): readonly Item[] {
  return rows.map(({ item }) => itemSchema.parse(item));
}

export function authorOf(deps: WriteDeps, actor: Actor, reason: string | undefined): Author {
  const { requestId, operationId } = deps;
  return { actor: actorLabel(actor), reason, requestId, operationId };
}

/**
 * The Stripe Price of a new offer, named by the operation's id.
 * @throws DomainError `terms_refused` where Stripe cannot charge these terms
 */
export async function createOfferPrice(
  deps: WriteDeps,
  productId: string,
  interval: 'month' | 'year' | null,
  { price, currency }: Terms,
): Promise<string> {
  try {
    return await deps.stripe.createPrice({
      offerId: deps.operationId,
      productId,
      currency,
      amountMinor: price,
      interval,
    });
  } catch (error) {
    const field = error instanceof StripeRefusal ? fieldOfParameter[error.parameter ?? ''] : undefined;
    if (field === undefined) throw error;
    throw invalid('terms_refused', 'Stripe does not take these terms.', [
      { pointer: `/${field}`, code: 'refused_by_stripe', detail: 'Stripe cannot charge this' },
    ]);
  }
}

const fieldOfParameter: Readonly<Record<string, string | undefined>> = {
  currency: 'currency',
  unit_amount: 'price',
};

/** The Price of an offer that the database refused. One that cannot be archived now is found by `stripe:sync`. */
export async function discardPrice(deps: WriteDeps, priceId: string): Promise<void> {
  try {
    await deps.stripe.archivePrice(priceId);
  } catch (error) {
    deps.log.warn('price_not_discarded', { price: priceId, ...describeFault(error) });
  }
}

const outcome = z.object({
  rows: z.tuple([z.object({ item: itemSchema, catalogue: catalogueSchema, work: stripeWorkSchema })]),
});

/**
 * Commits the statements that change an item, all or none; then shows it to readers and tells Stripe, neither of which
 * can fail any more what was done.
 */
export async function commitItem(
  deps: WriteDeps,
  reference: ItemReference,
  now: Date,
  [first, ...others]: readonly [Statement, ...Statement[]],
): Promise<Item> {
  const results = await deps.db.batch([first, ...others, findOutcome(reference, now)]);
  const [{ item, catalogue, work }] = outcome.parse(results.at(-1)).rows;
  await publishCatalogue(deps, catalogue);
  await doStripeWork(deps, work, 1);
  return item;
}

/** Throws when the item has none of these versions; undefined stands for any. */
export function expectVersion(item: Item, versions: readonly string[] | undefined): void {
  if (versions !== undefined && !versions.includes(String(item.version))) throw versionConflict(item.version);
}

export function versionConflict(version: number): DomainError {
  return new DomainError(
    'precondition_failed',
    'version_conflict',
    'The item has changed since it was read.',
    {
      members: { version },
    },
  );
}
