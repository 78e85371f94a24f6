interface Route {
  readonly method: string;
  /** `/v1/products/:id`: at most one name, which stands for one segment */
  readonly path: string;
}

/** Finds the route for a request; `id` is what stands in the place of `:id`. */
export function findRoute<Kind extends Route>(
  routes: readonly Kind[],
  method: string,
  path: string,
): { route: Kind; id: string } | undefined {
  for (const route of routes) {
    if (route.method !== method) continue;
    const id = match(route.path, path);
    if (id !== undefined) return { route, id };
  }
  return undefined;
}

function match(pattern: string, path: string): string | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  let id = '';
  for (const [position, segment] of wanted.entries()) {
    const actual = given[position] ?? '';
    if (segment === ':id' && actual !== '') id = decode(actual);
    else if (segment !== actual) return undefined;
  }
  return id;
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}
