import { createApp } from '../../src/app.ts';
import { scopes, type Scope } from '../../src/core/scopes.ts';

export interface RouteUnderTest {
  readonly method: string;
  readonly path: string;
  readonly access: string;
  /** What a key must be allowed to; undefined where no key comes in. */
  readonly scope?: Scope | undefined;
  /** Wants password and code given just now. */
  readonly isFresh?: boolean;
}

/** Served beside the documented routes, by the documentation itself. */
const undocumented: readonly RouteUnderTest[] = [
  { method: 'GET', path: '/openapi.json', access: 'public' },
  { method: 'GET', path: '/docs', access: 'public' },
];

/** Every route that the app has, with the access that its document tells. */
export const routes: readonly RouteUnderTest[] = (() => {
  const app = createApp();
  const document = app.getOpenAPI31Document({ openapi: '3.1.0', info: { title: '', version: '' } });
  const registered = app.routes.filter(({ method }) => method !== 'ALL');
  return [...new Set(registered.map(({ method, path }) => `${method} ${path}`))].map((route) => {
    const [method = '', path = ''] = route.split(' ');
    const item: Record<string, unknown> = { ...document.paths?.[path.replaceAll(/:(\w+)/g, '{$1}')] };
    const operation = item[method.toLowerCase()] as object | undefined;
    const known = undocumented.find((each) => each.method === method && each.path === path);
    return {
      method,
      path,
      access: known?.access ?? accessOf(operation),
      scope: scopes.find((scope) => scope === termOf(operation, 'x-scope')),
      isFresh: 'x-fresh' in (operation ?? {}),
    };
  });
})();

function accessOf(operation: unknown): string {
  return termOf(operation, 'x-access') ?? 'undocumented';
}

function termOf(operation: unknown, name: string): string | undefined {
  const term: unknown = (operation as Record<string, unknown> | undefined)?.[name];
  return typeof term === 'string' ? term : undefined;
}

/** The path with something in place of its parameters. */
export function concreteAs(path: string, value: string): string {
  return path.replaceAll(/:\w+/g, value);
}
