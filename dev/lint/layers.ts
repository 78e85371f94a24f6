import { hasRole, isPackage, type Import, type SourceFile } from './source-files.ts';

/** The domains of src/ and those each may import: down this table, never up. */
const domains: Readonly<Record<string, readonly string[]>> = {
  support: ['webhooks', 'billing', 'pricing', 'credits', 'customers', 'stripe'],
  webhooks: ['billing', 'pricing', 'credits', 'customers', 'stripe'],
  billing: ['pricing', 'credits', 'customers', 'stripe'],
  pricing: ['customers', 'stripe'],
  credits: ['customers', 'stripe'],
  customers: ['stripe'],
  stripe: [],
  outbound: ['customers', 'mail'],
  identity: ['customers', 'mail'],
  ops: [],
  mail: [],
};

/** What lies under the domains. These have no door: any file of theirs may be imported. */
const foundations: readonly string[] = ['core', 'db', 'http'];

/** The files of src/ itself, which put the domains together. */
const composition: readonly string[] = ['app', 'deps', 'env', 'index', 'jobs', 'public-routes'];

/**
 * Foreign keys between domains that do not know each other: one `tables.ts` names the other's, and nothing more.
 * A credit lot names the offer it was bought with, and the payment that paid for it.
 */
const foreignKeys: Readonly<Record<string, readonly string[]>> = {
  credits: ['pricing', 'billing'],
};

export const domainNames = Object.keys(domains);

interface LayerRule {
  /** Whether a file of src/ breaks the rule by this import. */
  readonly forbids: (from: SourceFile, to: Import) => boolean;
  /** What to do instead. */
  readonly advice: string;
}

/** Each becomes a rule of the linter under its own name. */
export const layerRules: Readonly<Record<string, LayerRule>> = {
  'src-alone': {
    forbids: (_from, to) => to.file !== undefined && to.file.area !== 'src' && !isPackageJson(to.file),
    advice:
      'src/ is what gets deployed, and imports only src/ (and package.json, for the version): move what both sides need into src/.',
  },
  'constant-imports': {
    forbids: (_from, to) => to.specifier === '',
    advice: 'the layering cannot be checked on a computed import(): write the module’s name as a constant.',
  },
  'known-layer': {
    forbids: (from, to) => !hasPlace(from) || (to.file?.area === 'src' && !hasPlace(to.file)),
    advice:
      'this file or folder has no place in the layering: give it one in dev/lint/layers.ts. (A file is imported with its extension.)',
  },
  'core-alone': {
    forbids: (from, to) => from.layer === 'core' && leavesLayer(from, to),
    advice: 'core/ imports nothing of ours: pass the value in, or move this file to the layer that it needs.',
  },
  'db-over-core': {
    forbids: (from, to) => from.layer === 'db' && leavesLayer(from, to) && !reaches(to, 'core'),
    advice: 'db/ imports only core/: SQL about a domain belongs into that domain’s queries.ts.',
  },
  'http-knows-no-domain': {
    forbids: (from, to) =>
      from.layer === 'http' &&
      leavesLayer(from, to) &&
      !reaches(to, 'core', 'db') &&
      !(isComposition(to) && (to.typeOnly || to.file?.name === 'env')),
    advice:
      'http/ imports only core/, db/, env.ts and types of deps.ts: take a function as an argument, and let app.ts pass it.',
  },
  'http-in-routes': {
    forbids: (from, to) => isDomain(from.layer) && reaches(to, 'http') && !hasRole(from, 'routes', 'schemas'),
    advice: 'HTTP ends at routes.ts: let a verb take plain input and throw an error of core/.',
  },
  'domain-order': {
    forbids: (from, to) => crossesDomains(from, to) && !isBelow(from, to) && !isForeignKey(from, to),
    advice:
      'a domain imports only those below it in dev/lint/layers.ts: move the code up to a domain that knows both, or pass the value in.',
  },
  'domain-door': {
    forbids: (from, to) =>
      isDomain(to.file?.layer) &&
      to.file?.name !== 'index' &&
      (from.layer === undefined || isBelow(from, to)) &&
      !readsTables(from, to),
    advice:
      'another domain is entered by its index.ts: export there what you need. (Only tables.ts may be imported past the door, by tables.ts and queries.ts above it, for foreign keys and joins.)',
  },
  'composition-types-only': {
    forbids: (from, to) => isDomain(from.layer) && isComposition(to) && !to.typeOnly,
    advice:
      'app.ts, deps.ts, env.ts and index.ts put the domains together: in a domain use `import type`, and take the value as an argument (`deps`).',
  },
  'route-verb-queries': {
    forbids: (from, to) => isDomain(from.layer) && (skipsVerb(from, to) || turnsBackToRoutes(from, to)),
    advice:
      'data flows route -> verb -> queries -> db: let the route call a verb, and only index.ts name the routes.',
  },
  'hono-in-routes': {
    forbids: (from, to) =>
      isPackage(to, 'hono', '@hono') &&
      !mayUseHono(from) &&
      !takesOpenApiZod(from, to) &&
      !handlesTokens(from, to),
    advice:
      "Hono is for routes.ts, http/, app.ts and index.ts (and schemas.ts takes `z` from '@hono/zod-openapi'): give a verb plain input, and let its route make the answer.",
  },
  'drizzle-in-queries': {
    forbids: (from, to) =>
      isPackage(to, 'drizzle-orm', '@neondatabase/serverless') &&
      from.layer !== 'db' &&
      !hasRole(from, 'tables', 'queries'),
    advice:
      'Drizzle and the database driver are for db/, tables.ts and queries.ts: let queries.ts return the statement.',
  },
  'stripe-sdk-in-stripe': {
    forbids: (from, to) => isPackage(to, 'stripe') && from.layer !== 'stripe' && !to.typeOnly,
    advice:
      'the Stripe SDK is for stripe/ (elsewhere `import type`): add a function to that adapter, and call it.',
  },
  'configured-by-env': {
    forbids: (_from, to) =>
      isPackage(to, 'process', 'node:process') ||
      (isPackage(to, 'cloudflare:workers') && !to.typeOnly && importsName(to, 'env')),
    advice: 'configuration is checked by env.ts and comes in `deps`: take it from there.',
  },
};

function isDomain(layer: string | undefined): layer is string {
  return layer !== undefined && Object.hasOwn(domains, layer);
}

function hasPlace(file: SourceFile): boolean {
  if (file.layer === undefined) return composition.includes(file.name);
  return isDomain(file.layer) || foundations.includes(file.layer);
}

function isPackageJson(file: SourceFile): boolean {
  return file.area === '' && file.name === 'package';
}

function isComposition(to: Import): boolean {
  return to.file?.area === 'src' && to.file.layer === undefined;
}

function reaches(to: Import, ...layers: readonly string[]): boolean {
  return to.file?.layer !== undefined && layers.includes(to.file.layer);
}

function leavesLayer(from: SourceFile, to: Import): boolean {
  return to.file?.area === 'src' && to.file.layer !== from.layer;
}

function crossesDomains(from: SourceFile, to: Import): boolean {
  return isDomain(from.layer) && isDomain(to.file?.layer) && from.layer !== to.file?.layer;
}

function isBelow(from: SourceFile, to: Import): boolean {
  return isDomain(from.layer) && reaches(to, ...(domains[from.layer] ?? []));
}

function isForeignKey(from: SourceFile, to: Import): boolean {
  const allowed = foreignKeys[from.layer ?? ''] ?? [];
  return (
    reaches(to, ...allowed) && hasRole(from, 'tables') && to.file !== undefined && hasRole(to.file, 'tables')
  );
}

function readsTables(from: SourceFile, to: Import): boolean {
  return (
    to.file !== undefined &&
    hasRole(to.file, 'tables') &&
    from.layer !== undefined &&
    hasRole(from, 'tables', 'queries')
  );
}

function skipsVerb(from: SourceFile, to: Import): boolean {
  if (to.file === undefined || !hasRole(from, 'routes')) return false;
  return to.file.layer === 'db' || hasRole(to.file, 'queries', 'tables');
}

function turnsBackToRoutes(from: SourceFile, to: Import): boolean {
  if (to.file === undefined || from.layer !== to.file.layer) return false;
  return hasRole(to.file, 'routes') && from.name !== 'index' && !hasRole(from, 'routes');
}

function mayUseHono(from: SourceFile): boolean {
  if (from.layer === undefined) return from.name === 'app' || from.name === 'index';
  return from.layer === 'http' || (isDomain(from.layer) && hasRole(from, 'routes'));
}

function takesOpenApiZod(from: SourceFile, to: Import): boolean {
  return hasRole(from, 'schemas') && to.specifier === '@hono/zod-openapi' && to.names?.join() === 'z';
}

/** `hono/jwt` knows nothing of requests: it makes and checks tokens. */
function handlesTokens(from: SourceFile, to: Import): boolean {
  return from.layer === 'identity' && to.specifier === 'hono/jwt';
}

function importsName(to: Import, name: string): boolean {
  return to.names === undefined || to.names.includes(name);
}
