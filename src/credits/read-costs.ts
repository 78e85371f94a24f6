import { mendDocument, readDocument, type Copy, type DocumentDefinition } from '../core/cached-document.ts';
import type { Deps } from '../deps.ts';
import { loadCosts } from './queries.ts';
import { costsDocument, type CostsDocument } from './schemas.ts';

const definition: DocumentDefinition<CostsDocument> = {
  key: 'credit-costs:default',
  schema: costsDocument,
};

/** What each operation costs, from the nearest copy. Throws `unavailable` where there is none. */
export function readCosts(deps: Pick<Deps, 'db' | 'documents'>): Promise<Copy<CostsDocument>> {
  return readDocument(deps.documents, definition, () => load(deps));
}

/** For the scheduled job: brings the stored copy up to the database. */
export function mendCosts(deps: Pick<Deps, 'db' | 'documents'>): Promise<void> {
  return mendDocument(deps.documents, definition, () => load(deps));
}

async function load(deps: Pick<Deps, 'db'>): Promise<CostsDocument> {
  const { rows } = await deps.db.run(loadCosts());
  return costsDocument.parse(rows[0]);
}
