import {
  mendDocument,
  publishDocument,
  readDocument,
  type Copy,
  type DocumentDefinition,
} from '../core/cached-document.ts';
import type { Deps } from '../deps.ts';
import { catalogueSchema, type Catalogue } from './items.ts';
import { findCatalogue } from './queries.ts';

type CatalogueDeps = Pick<Deps, 'db' | 'clock' | 'documents'>;

/** The default price list. Others would be documents of their own. */
const definition: DocumentDefinition<Catalogue> = { key: 'catalogue:default', schema: catalogueSchema };

/** The catalogue from the nearest cache layer; when it is warm, without a database call. */
export function readCatalogue(deps: CatalogueDeps): Promise<Copy<Catalogue>> {
  return readDocument(deps.documents, definition, () => loadCatalogue(deps));
}

/** Puts the catalogue that a write has just read back before every reader. */
export function publishCatalogue(deps: CatalogueDeps, catalogue: Catalogue): Promise<void> {
  return publishDocument(deps.documents, definition, catalogue);
}

/** For the cron: replaces a stored catalogue that is older than the database's, whoever changed that one. */
export function mendCatalogue(deps: CatalogueDeps): Promise<void> {
  return mendDocument(deps.documents, definition, () => loadCatalogue(deps));
}

async function loadCatalogue(deps: CatalogueDeps): Promise<Catalogue> {
  const { rows } = await deps.db.run(findCatalogue(deps.clock.now()));
  return catalogueSchema.parse(rows[0]?.catalogue);
}
