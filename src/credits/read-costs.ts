import {
  mendDocument,
  publishDocument,
  readDocument,
  type Copy,
  type DocumentDefinition,
} from '../core/cached-document.ts';
import type { Deps } from '../deps.ts';
import { listCosts, loadCosts } from './cost-queries.ts';
import { costsDocument, type CostsDocument } from './schemas.ts';

const definition: DocumentDefinition<CostsDocument> = {
  key: 'credit-costs:default',
  schema: costsDocument,
};

interface Rows {
  readonly rows: readonly unknown[];
}

/** What each operation costs, from the nearest copy. Throws `unavailable` where there is none. */
export function readCosts(deps: Pick<Deps, 'db' | 'documents'>): Promise<Copy<CostsDocument>> {
  return readDocument(deps.documents, definition, () => load(deps));
}

/** Puts the costs that a write has just read back (`loadCosts`) before every reader. */
export function publishCosts(deps: Pick<Deps, 'documents'>, loaded: Rows): Promise<void> {
  return publishDocument(deps.documents, definition, ofRows(loaded));
}

/** For the scheduled job: brings the stored copy up to the database. */
export function mendCosts(deps: Pick<Deps, 'db' | 'documents'>): Promise<void> {
  return mendDocument(deps.documents, definition, () => load(deps));
}

/** The costs as the database has them, with what an admin needs to change them. */
export async function readAdminCosts(deps: Pick<Deps, 'db'>): Promise<Awaited<ReturnType<typeof listCosts>>> {
  return deps.db.run(listCosts());
}

async function load(deps: Pick<Deps, 'db'>): Promise<CostsDocument> {
  return ofRows(await deps.db.run(loadCosts()));
}

function ofRows({ rows }: Rows): CostsDocument {
  return costsDocument.parse(rows[0]);
}
