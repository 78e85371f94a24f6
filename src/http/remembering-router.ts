import type { Result, Router } from 'hono/router';
import { TrieRouter } from 'hono/router/trie-router';

/**
 * Finds what handles a path, and remembers it for paths without parameters, whose handlers are always the same: those
 * that are asked for most. Hono's faster routers take no path that stands beside one with a parameter, as
 * `/admin/webhooks/stats` does beside `/admin/webhooks/{event_id}`.
 */
export class RememberingRouter<T> implements Router<T> {
  readonly name = 'RememberingRouter';
  readonly #routes = new TrieRouter<T>();
  /** What was found, by path and method. Only paths of routes have a place here, so that it cannot grow. */
  readonly #found = new Map<string, Map<string, Result<T>>>();
  readonly #methods = new Set<string>();

  add(method: string, path: string, handler: T): void {
    this.#routes.add(method, path, handler);
    this.#methods.add(method);
    if (!/[:*]/.test(path)) this.#found.set(path, new Map());
  }

  match(method: string, path: string): Result<T> {
    const known = this.#found.get(path);
    const found = known?.get(method) ?? this.#routes.match(method, path);
    if (this.#methods.has(method)) known?.set(method, found);
    return found;
  }
}
