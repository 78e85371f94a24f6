import { z } from 'zod';
import { unavailable } from './errors.ts';
import { describeFault, type Log } from './log.ts';
import type { Clock } from './time.ts';

/** Memory this young is served as it is. */
const freshInMemorySeconds = 5;
/** Memory this young is served while it is renewed behind the answer; older memory is renewed before. */
const usableInMemorySeconds = 30;
/** A stored copy this young is not compared with the database. */
const freshInStoreSeconds = 60;
/** The oldest copy that is still better than no answer. */
const usableInStoreSeconds = 24 * 60 * 60;
/** How long one edge location may keep its own copy of a stored value (Workers KV takes no less). */
const storeReadSeconds = 30;

/** Workers KV, as far as a document needs it. */
export interface DocumentStore {
  get(key: string, options: { type: 'json'; cacheTtl: number }): Promise<unknown>;
  put(key: string, value: string): Promise<void>;
}

/** A copy of the document, and what is known of how well it agrees with the database. */
export interface Copy<Document> {
  readonly document: Document;
  /** When it was read from the database. */
  readonly loadedAt: Date;
  readonly layer: 'memory' | 'store' | 'database';
  /** The database did not answer when this copy was last compared with it. */
  readonly stale: boolean;
}

interface Remembered {
  readonly copy: Copy<unknown>;
  readonly checkedAt: Date;
}

/** One isolate's memory of all its documents, and the renewals under way. */
export interface DocumentMemory {
  readonly copies: Map<string, Remembered>;
  readonly renewals: Map<string, Promise<Copy<unknown>>>;
}

export function createDocumentMemory(): DocumentMemory {
  return { copies: new Map(), renewals: new Map() };
}

export interface DocumentContext {
  readonly memory: DocumentMemory;
  readonly store: DocumentStore;
  /** The machine's: a copy ages also while the time of business stands still, or jumps. */
  readonly clock: Clock;
  readonly log: Log;
  waitUntil(promise: Promise<unknown>): void;
}

/** A document that is read far more often than it changes: kept in memory, over the store, over the database. */
export interface DocumentDefinition<Document extends { readonly version: number }> {
  readonly key: string;
  readonly schema: z.ZodType<Document>;
}

/**
 * The document from the nearest layer that has a usable copy. A fault of a layer falls through to the next one; a
 * fault of the database leaves the newest copy of the last day, marked stale. No copy at all: `unavailable`.
 */
export async function readDocument<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
  load: () => Promise<Document>,
): Promise<Copy<Document>> {
  const remembered = recall(context, definition);
  if (remembered === undefined) return renew(context, definition, load);
  const age = secondsSince(context, remembered.checkedAt);
  if (age < freshInMemorySeconds) return remembered.copy;
  if (age < usableInMemorySeconds) {
    void renew(context, definition, load).catch(() => undefined);
    return remembered.copy;
  }
  return renew(context, definition, load);
}

/**
 * Puts a document that the database has just committed before every later reader here, and into the store for those
 * elsewhere. Never throws: the change is made, and a store that failed is mended by the next comparison.
 */
export async function publishDocument<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
  document: Document,
): Promise<void> {
  const copy = { document, loadedAt: context.clock.now(), layer: 'database', stale: false } as const;
  remember(context, definition, copy);
  await store(context, definition, copy);
}

/** Compares the stored copy with the database, and replaces it where it is older. For a scheduled job. */
export async function mendDocument<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
  load: () => Promise<Document>,
): Promise<void> {
  const [document, stored] = await Promise.all([load(), readStore(context, definition)]);
  if (stored?.document.version !== document.version) await publishDocument(context, definition, document);
}

/** One renewal at a time for each document: all who wait for it share its outcome. */
async function renew<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
  load: () => Promise<Document>,
): Promise<Copy<Document>> {
  const underWay = context.memory.renewals.get(definition.key);
  if (underWay !== undefined) return ofDefinition<Document>(underWay);
  const renewal = renewFromStore(context, definition, load).finally(() =>
    context.memory.renewals.delete(definition.key),
  );
  context.memory.renewals.set(definition.key, renewal);
  // Other requests wait for it, too: it must go on when the client of this one has left.
  context.waitUntil(renewal.catch(() => undefined));
  return renewal;
}

async function renewFromStore<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
  load: () => Promise<Document>,
): Promise<Copy<Document>> {
  const stored = await readStore(context, definition);
  if (stored === undefined) return renewFromDatabase(context, definition, load);
  if (secondsSince(context, stored.loadedAt) >= freshInStoreSeconds) {
    context.waitUntil(renewFromDatabase(context, definition, load).catch(() => undefined));
  }
  return remember(context, definition, stored);
}

async function renewFromDatabase<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
  load: () => Promise<Document>,
): Promise<Copy<Document>> {
  try {
    const copy = {
      document: await load(),
      loadedAt: context.clock.now(),
      layer: 'database',
      stale: false,
    } as const;
    context.waitUntil(store(context, definition, copy));
    return remember(context, definition, copy);
  } catch (error) {
    const last = recall(context, definition)?.copy;
    if (last === undefined || secondsSince(context, last.loadedAt) >= usableInStoreSeconds) {
      throw unavailable('database_unavailable', 'The database does not answer, and there is no copy.', error);
    }
    context.log.warn('document_stale', { key: definition.key, ...describeFault(error) });
    return remember(context, definition, { ...last, stale: true });
  }
}

async function readStore<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
): Promise<Copy<Document> | undefined> {
  try {
    const value = await context.store.get(definition.key, { type: 'json', cacheTtl: storeReadSeconds });
    if (value === null || value === undefined) return undefined;
    const { document, loaded_at } = storedValue(definition).parse(value);
    const copy = { document, loadedAt: new Date(loaded_at), layer: 'store', stale: false } as const;
    return secondsSince(context, copy.loadedAt) < usableInStoreSeconds ? copy : undefined;
  } catch (error) {
    context.log.warn('document_store_unreadable', { key: definition.key, ...describeFault(error) });
    return undefined;
  }
}

/**
 * A slow reader that comes here with an older document than the stored one leaves the stored one in place. Memory is
 * asked as well, and last: what the store answers may itself be half a minute old.
 */
async function store<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
  copy: Copy<Document>,
): Promise<void> {
  try {
    const present = await readStore(context, definition);
    const newest = [present, recall(context, definition)?.copy];
    if (newest.some((other) => other !== undefined && other.document.version > copy.document.version)) return;
    await context.store.put(
      definition.key,
      JSON.stringify({ loaded_at: copy.loadedAt.toISOString(), document: copy.document }),
    );
  } catch (error) {
    context.log.warn('document_store_unwritable', { key: definition.key, ...describeFault(error) });
  }
}

function storedValue<Document>(definition: { readonly schema: z.ZodType<Document> }) {
  return z.object({ loaded_at: z.iso.datetime(), document: definition.schema });
}

/** Keeps the copy unless memory already holds a newer version; returns what memory holds then. */
function remember<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
  copy: Copy<Document>,
): Copy<Document> {
  const present = recall(context, definition)?.copy;
  const newest = present !== undefined && present.document.version > copy.document.version ? present : copy;
  context.memory.copies.set(definition.key, {
    copy: { ...newest, layer: 'memory' },
    checkedAt: context.clock.now(),
  });
  return newest;
}

function recall<Document extends { readonly version: number }>(
  context: DocumentContext,
  definition: DocumentDefinition<Document>,
): { readonly copy: Copy<Document>; readonly checkedAt: Date } | undefined {
  const remembered = context.memory.copies.get(definition.key);
  return remembered && { ...remembered, copy: ofCopy<Document>(remembered.copy) };
}

/** Safe because a key belongs to one definition, and only copies of that definition are kept under it. */
function ofCopy<Document>(copy: Copy<unknown>): Copy<Document> {
  return copy as Copy<Document>;
}

async function ofDefinition<Document>(renewal: Promise<Copy<unknown>>): Promise<Copy<Document>> {
  return ofCopy<Document>(await renewal);
}

export function secondsSince(context: DocumentContext, moment: Date): number {
  return (context.clock.now().getTime() - moment.getTime()) / 1000;
}
