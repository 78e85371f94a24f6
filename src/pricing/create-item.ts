import type { Actor } from '../core/actor.ts';
import { conflict, type DomainError } from '../core/errors.ts';
import { isStatementError, signChanges, StatementError, uniqueViolation } from '../db/index.ts';
import { expectFuture } from './item-changes.ts';
import type { Item, ItemType, Terms } from './items.ts';
import {
  expectItemVersion,
  findItemsByKey,
  insertItem,
  lockKey,
  publishOffer,
  type NewPackageRow,
  type NewPlanRow,
} from './queries.ts';
import {
  authorOf,
  commitItem,
  createOfferPrice,
  discardPrice,
  parseItems,
  type WriteDeps,
} from './write-item.ts';

export type NewItem = Omit<NewPlanRow, 'id'> | Omit<NewPackageRow, 'id'>;

export interface NewItemInput {
  readonly item: NewItem;
  readonly terms: Terms;
  /** From when the item is on sale; undefined: at once. */
  readonly startsAt: string | undefined;
  readonly reason: string | undefined;
}

/** Raised by `expect_item_version` when there is no such item. */
const itemMissing = 'RC404';

/**
 * Creates an item with its first offer, at Stripe and then here. Item and offer are named by the operation's id.
 * @throws DomainError `plan_exists` or `package_exists` when something has this key, `terms_refused`,
 *   `stripe_unavailable`, `database_unavailable`
 */
export async function createItem(deps: WriteDeps, actor: Actor, input: NewItemInput): Promise<Item> {
  const { key } = input.item;
  expectFuture(input.startsAt, deps.clock.now());
  const [present] = parseItems(await deps.db.run(findItemsByKey(key, deps.clock.now())));
  if (present !== undefined) {
    // Made by an earlier attempt of this very operation, whose answer was lost.
    if (present.id === deps.operationId) return present;
    throw exists(present.type);
  }
  const { productId, priceId } = await createAtStripe(deps, input);
  try {
    return await insert(deps, actor, input, productId, priceId);
  } catch (error) {
    if (!(error instanceof StatementError)) throw error;
    await discardPrice(deps, priceId);
    throw refusalOf(error, input.item.type);
  }
}

async function createAtStripe(deps: WriteDeps, { item, terms }: NewItemInput) {
  const productId = await deps.stripe.createProduct({
    itemId: deps.operationId,
    key: item.key,
    name: item.name,
    description: item.type === 'package' ? item.description : null,
  });
  const interval = item.type === 'plan' ? item.interval : null;
  return { productId, priceId: await createOfferPrice(deps, productId, interval, terms) };
}

function insert(
  deps: WriteDeps,
  actor: Actor,
  { item, terms, startsAt, reason }: NewItemInput,
  productId: string,
  stripePriceId: string,
): Promise<Item> {
  const now = deps.clock.now();
  const author = authorOf(deps, actor, reason);
  const id = deps.operationId;
  const offer = {
    ...terms,
    offerId: id,
    type: item.type,
    itemId: id,
    stripePriceId,
    startsAt: startsAt ?? null,
  };
  return commitItem(deps, item, now, [
    signChanges(author),
    lockKey(item.key),
    insertItem({ ...item, id }, productId),
    expectItemVersion(item, 1),
    publishOffer(offer, author, now),
  ]);
}

/** Somebody else made an item with this key since it was looked for: of the same kind, or of the other one. */
function refusalOf(error: StatementError, type: ItemType): DomainError | StatementError {
  if (isStatementError(error, uniqueViolation)) return exists(type);
  if (isStatementError(error, itemMissing)) return exists(type === 'plan' ? 'package' : 'plan');
  return error;
}

function exists(type: ItemType): DomainError {
  return conflict(`${type}_exists`, `There is a ${type} with this key already.`);
}
