import { invalid, StripeFailure } from '../../api/errors.ts';
import { HOME, html, problemText } from '../html.ts';
import type { PageAnswer, PageRequest, PageRoute } from '../page.ts';
import { controlPage, type Content } from './layout.ts';
import { happenedSince, latestEvent, timeNews } from './news.ts';

/** A page below `/_sandbox`. Where it has `json`, a program gets that. */
export function view(
  path: string,
  show: (request: PageRequest) => Content,
  json?: (request: PageRequest) => unknown,
): PageRoute {
  return route('GET', path, (request) =>
    json && !request.wantsHtml ? { status: 200, json: json(request) } : shown(request, show(request)),
  );
}

function shown({ context, fields }: PageRequest, content: Content): PageAnswer {
  const news = html`${timeNews(context)} ${happenedSince(context, fields.get('since'))}`;
  return { status: 200, html: controlPage(content, news) };
}

/** Content as JSON only, for scripts and tests. */
export function jsonOnly(path: string, show: (request: PageRequest) => unknown): PageRoute {
  return route('GET', path, (request) => ({ status: 200, json: show(request) }));
}

/**
 * A button: a program gets what `act` returns as JSON, a form is led to the
 * page that its field `back` names, or to the first one, and told there which
 * events came of it.
 */
export function action<Result>(
  path: string,
  act: (request: PageRequest) => Result,
  { method = 'POST', leadTo }: ActionOptions<Result> = {},
): PageRoute {
  return route(method, path, (request) => {
    const since = latestEvent(request.context);
    const json = act(request);
    if (!request.wantsHtml) return { status: 200, json };
    const location = leadTo?.(json) ?? `${backOf(request)}?${new URLSearchParams({ since })}`;
    return { status: 303, location };
  });
}

interface ActionOptions<Result> {
  readonly method?: 'POST' | 'DELETE';
  /** Where a form leads instead. */
  readonly leadTo?: (result: Result) => string;
}

/** A field that must be one of these. Throws 400 otherwise. */
export function choice<Choice extends string>(
  fields: URLSearchParams,
  name: string,
  choices: readonly Choice[],
): Choice {
  const chosen = choices.find((one) => one === fields.get(name));
  if (chosen !== undefined) return chosen;
  throw invalid(`${name} must be one of ${choices.join(', ')}.`, name);
}

/** The path of one of our pages. */
function backOf({ fields }: PageRequest): string {
  const here = 'http://sandbox';
  const back = URL.parse(fields.get('back') ?? '', here);
  return back?.origin === here && back.pathname.startsWith(`${HOME}/`) ? back.pathname : HOME;
}

function route(
  method: PageRoute['method'],
  path: string,
  answer: (request: PageRequest) => PageAnswer,
): PageRoute {
  return {
    method,
    path: `${HOME}${path}`,
    handle(request) {
      try {
        return answer(request);
      } catch (error) {
        if (error instanceof StripeFailure) return refused(request, error);
        throw error;
      }
    },
  };
}

function refused(request: PageRequest, { status, message, body }: StripeFailure): PageAnswer {
  if (!request.wantsHtml) return { status, json: { error: message, code: body.code, param: body.param } };
  return {
    status,
    html: controlPage({
      title: 'That did not work',
      body: html`${problemText(message)}
        <p><a href="${backOf(request)}">Back</a></p>`,
    }),
  };
}
