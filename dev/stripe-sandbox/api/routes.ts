interface Route {
  readonly method: string;
  /** `/v1/products/:id`, `/v1/customers/:id/sources/:child`: each name stands for one segment */
  readonly path: string;
}

/** What stands in the place of `:id` and of `:child`; empty where the path has no such name. */
interface Names {
  readonly id: string;
  readonly child: string;
}

/** The last segment of Stripe's search endpoints, which this sandbox does not have: no object's id. */
const SEARCH = 'search';

/** Finds the route for a request. */
export function findRoute<Kind extends Route>(
  routes: readonly Kind[],
  method: string,
  path: string,
): ({ readonly route: Kind } & Names) | undefined {
  for (const route of routes) {
    if (route.method !== method) continue;
    const names = match(route.path, path);
    if (names !== undefined) return { route, ...names };
  }
  return undefined;
}

function match(pattern: string, path: string): Names | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const names = { id: '', child: '' };
  for (const [position, segment] of wanted.entries()) {
    const actual = given[position] ?? '';
    if (segment === ':id' && actual !== '' && actual !== SEARCH) names.id = decode(actual);
    else if (segment === ':child' && actual !== '') names.child = decode(actual);
    else if (segment !== actual) return undefined;
  }
  return names;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
