import type { Context } from '../state/context.ts';
import { document, html, type Html } from './html.ts';

export interface PageRequest {
  readonly context: Context;
  /** What stands in the place of `:id` in the path. */
  readonly id: string;
  readonly fields: URLSearchParams;
  /** A browser form rather than a program. */
  readonly wantsHtml: boolean;
}

export type PageAnswer =
  | { readonly status: number; readonly html: Html }
  | { readonly status: number; readonly json: unknown }
  | { readonly status: 303; readonly location: string };

/** One page or form target, under its method and path. */
export interface PageRoute {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly handle: (request: PageRequest) => PageAnswer | Promise<PageAnswer>;
}

/** A page that only says something: that it is over, or that there is nothing here. */
export function notice(status: number, title: string, message: string): PageAnswer {
  const body = html`<h1>${title}</h1>
    <p>${message}</p>`;
  return { status, html: document(title, body) };
}
