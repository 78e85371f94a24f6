import type { Actor } from '../core/actor.ts';
import { isStatementError, signChanges, StatementError, type Author } from '../db/index.ts';
import { changesOf, type ChangeRequest, type FieldChange, type ItemChanges } from './item-changes.ts';
import type { Item, ItemReference } from './items.ts';
import { expectItemVersion, publishOffer, setStripeProduct, updateItem } from './queries.ts';
import {
  authorOf,
  commitItem,
  createOfferPrice,
  discardPrice,
  expectVersion,
  loadItem,
  loadItemToChange,
  versionConflict,
  type WriteDeps,
} from './write-item.ts';

export interface ItemChangeInput extends ChangeRequest {
  readonly reason: string | undefined;
  /** The versions that the caller is content with; undefined: any. */
  readonly ifVersion: readonly string[] | undefined;
  /** Tell what would change, and change nothing. */
  readonly dryRun: boolean;
}

/**
 * Changes an item. New terms become a new offer with a Stripe Price of its own: made first at Stripe, then put on sale
 * in the transaction that ends the old offer, so that a failure at any point leaves the old one whole.
 * @throws DomainError `…_not_found`, `version_conflict` (with the present version), `terms_incomplete`,
 *   `terms_refused`, `stripe_unavailable`, `database_unavailable`
 */
export async function changeItem(
  deps: WriteDeps,
  actor: Actor,
  reference: ItemReference,
  input: ItemChangeInput,
): Promise<{ item: Item; changes: readonly FieldChange[] }> {
  const { item, isChanged } = await loadItemToChange(deps, reference);
  if (isChanged) return { item, changes: [] };
  expectVersion(item, input.ifVersion);
  const changes = changesOf(item, input, deps.clock.now());
  if (input.dryRun || changes.changes.length === 0) return { item, changes: changes.changes };
  const prepared = await prepareOffer(deps, item, changes);
  try {
    const written = await write(deps, item, changes, prepared, authorOf(deps, actor, input.reason));
    return { item: written, changes: changes.changes };
  } catch (error) {
    throw await takeBack(deps, reference, prepared, error);
  }
}

/** What a new offer has at Stripe. */
interface OfferAtStripe {
  readonly productId: string;
  readonly priceId: string;
}

async function prepareOffer(
  deps: WriteDeps,
  item: Item,
  { offer }: ItemChanges,
): Promise<OfferAtStripe | undefined> {
  if (offer === undefined) return undefined;
  const description = item.type === 'package' ? item.description : null;
  const productId =
    item.stripe_product_id ??
    (await deps.stripe.createProduct({ itemId: item.id, key: item.key, name: item.name, description }));
  const interval = item.type === 'plan' ? item.interval : null;
  return { productId, priceId: await createOfferPrice(deps, productId, interval, offer.terms) };
}

async function write(
  deps: WriteDeps,
  item: Item,
  { fields, offer }: ItemChanges,
  prepared: OfferAtStripe | undefined,
  author: Author,
): Promise<Item> {
  const now = deps.clock.now();
  const published =
    offer && prepared
      ? [
          setStripeProduct(item, prepared.productId),
          publishOffer(
            {
              ...offer.terms,
              offerId: deps.operationId,
              type: item.type,
              itemId: item.id,
              stripePriceId: prepared.priceId,
              startsAt: offer.startsAt,
            },
            author,
            now,
          ),
        ]
      : [];
  return commitItem(deps, item, now, [
    signChanges(author),
    expectItemVersion(item, item.version),
    ...(Object.keys(fields).length === 0 ? [] : [updateItem(item, fields)]),
    ...published,
  ]);
}

/** Refused by the database: nothing has changed there, and what was made at Stripe is of no use. */
async function takeBack(
  deps: WriteDeps,
  reference: ItemReference,
  prepared: OfferAtStripe | undefined,
  error: unknown,
): Promise<unknown> {
  if (!(error instanceof StatementError)) return error;
  if (prepared !== undefined) await discardPrice(deps, prepared.priceId);
  if (!isStatementError(error, 'RC412')) return error;
  return versionConflict((await loadItem(deps, reference)).version);
}
