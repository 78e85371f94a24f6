import { createRoutes, defineRoute, jsonBody, jsonResponse, userOf, versionHeaders } from '../http/index.ts';
import type { AppContext } from '../http/index.ts';
import { changeQuery, itemListQuery, noQuery } from './admin-schemas.ts';
import { changeItem, type ItemChangeInput } from './change-item.ts';
import { createItem } from './create-item.ts';
import { historyRoutes } from './history-routes.ts';
import { packageKind, planKind, shownItem, type ItemKind } from './item-kinds.ts';
import type { Item } from './items.ts';
import { listItems } from './list-items.ts';
import { loadItem } from './write-item.ts';

const tags = ['Pricing'];

const collectionOf = (kind: ItemKind) => `/admin/pricing/${kind.plural}`;
const singleOf = (kind: ItemKind) => `${collectionOf(kind)}/{${kind.keyName}}`;

/** Safe to read past validation: the route's own schema has let this path through. */
function referenceOf(c: AppContext, kind: ItemKind) {
  return { type: kind.type, key: c.req.param(kind.keyName) ?? '' };
}

function itemBody(c: AppContext, kind: ItemKind, item: Item) {
  c.header('ETag', `"${item.version}"`);
  return { success: true, [kind.noun]: shownItem(item, c.get('deps').clock.now()) };
}

async function change(c: AppContext, kind: ItemKind, input: ItemChangeInput) {
  const { item, changes } = await changeItem(c.get('deps'), userOf(c), referenceOf(c, kind), input);
  const more = input.dryRun ? { dry_run: true, changes } : {};
  return c.json(kind.changeAnswer.parse({ ...itemBody(c, kind, item), ...more }), 200);
}

/** The same routes for plans and for packages: those of the collection. */
function collectionRoutes(kind: ItemKind) {
  const { noun, plural } = kind;
  return createRoutes()
    .openapi(
      defineRoute(
        'viewer',
        {
          method: 'get',
          path: collectionOf(kind),
          summary: `All ${plural}, archived ones included`,
          tags,
          request: { query: itemListQuery },
          responses: { 200: jsonResponse(`A page of ${plural}, by sort order and key.`, kind.list) },
        },
        { scope: 'pricing:read' },
      ),
      async (c) => {
        const { is_active: isActive, cursor, limit } = c.req.valid('query');
        const deps = c.get('deps');
        const { entries, nextCursor } = await listItems(deps, kind.type, { isActive, cursor, limit });
        const items = entries.map((item) => shownItem(item, deps.clock.now()));
        return c.json(kind.list.parse({ success: true, [plural]: items, next_cursor: nextCursor }), 200);
      },
    )
    .openapi(
      defineRoute(
        'admin',
        {
          method: 'post',
          path: collectionOf(kind),
          summary: `Create a ${noun} with its first offer`,
          description: `409 \`plan_exists\` or \`package_exists\` when the key is taken by either.`,
          tags,
          request: { query: noQuery, body: jsonBody(kind.newItem) },
          responses: { 201: jsonResponse(`The new ${noun}; \`Location\` is its path.`, kind.answer) },
        },
        { scope: 'pricing:write' },
      ),
      async (c) => {
        const item = await createItem(c.get('deps'), userOf(c), c.req.valid('json'));
        c.header('Location', `${collectionOf(kind)}/${item.key}`);
        return c.json(kind.answer.parse(itemBody(c, kind, item)), 201);
      },
    );
}

const archiving = { fields: { is_active: false }, terms: {}, startsAt: undefined, reason: undefined };

/** The one that reads one item. */
function readingRoutes(kind: ItemKind) {
  const { noun } = kind;
  return createRoutes().openapi(
    defineRoute(
      'viewer',
      {
        method: 'get',
        path: singleOf(kind),
        summary: `One ${noun}`,
        tags,
        request: { params: kind.parameters },
        responses: { 200: jsonResponse(`The ${noun}; \`ETag\` is its version.`, kind.answer) },
      },
      { scope: 'pricing:read' },
    ),
    async (c) => {
      const item = await loadItem(c.get('deps'), referenceOf(c, kind));
      return c.json(kind.answer.parse(itemBody(c, kind, item)), 200);
    },
  );
}

/** Those that change it. */
function changingRoutes(kind: ItemKind) {
  const { noun } = kind;
  const changing = { params: kind.parameters, query: changeQuery, headers: versionHeaders };
  return createRoutes()
    .openapi(
      defineRoute(
        'admin',
        {
          method: 'patch',
          path: singleOf(kind),
          summary: `Change a ${noun}`,
          description:
            'A change of price, currency or credits makes a new offer with a new Stripe Price, at once or from ' +
            '`valid_from` on; the old Price is archived when it is replaced. Who bought before keeps what was bought.',
          tags,
          request: { ...changing, body: jsonBody(kind.change) },
          responses: {
            200: jsonResponse(
              `The ${noun} as it is now; on a dry run, unchanged, with the changes.`,
              kind.changeAnswer,
            ),
          },
        },
        { scope: 'pricing:write' },
      ),
      (c) =>
        change(c, kind, {
          ...c.req.valid('json'),
          ifVersion: c.req.valid('header')['if-match'],
          dryRun: c.req.valid('query').dry_run,
        }),
    )
    .openapi(
      defineRoute(
        'admin',
        {
          method: 'delete',
          path: singleOf(kind),
          summary: `Archive a ${noun}`,
          description: 'It is no longer sold; what was sold stays. PATCH `is_active` puts it back.',
          tags,
          request: changing,
          responses: { 200: jsonResponse(`The archived ${noun}.`, kind.changeAnswer) },
        },
        { scope: 'pricing:write' },
      ),
      (c) =>
        change(c, kind, {
          ...archiving,
          ifVersion: c.req.valid('header')['if-match'],
          dryRun: c.req.valid('query').dry_run,
        }),
    );
}

export function createAdminPricingRoutes() {
  return createRoutes()
    .route('/', collectionRoutes(planKind))
    .route('/', readingRoutes(planKind))
    .route('/', changingRoutes(planKind))
    .route('/', collectionRoutes(packageKind))
    .route('/', readingRoutes(packageKind))
    .route('/', changingRoutes(packageKind))
    .route('/', historyRoutes);
}
