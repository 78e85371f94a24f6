import { invalid, StripeFailure } from '../../api/errors.ts';
import { html, type Html } from '../html.ts';
import type { PageAnswer, PageRequest, PageRoute } from '../page.ts';
import { controlPage, HOME } from './layout.ts';

/** A page below `/_sandbox`. Where it has `json`, a program gets that. */
export function view(
  path: string,
  show: (request: PageRequest) => Html,
  json?: (request: PageRequest) => unknown,
): PageRoute {
  return route('GET', path, (request) =>
    json && !request.wantsHtml ? { status: 200, json: json(request) } : { status: 200, html: show(request) },
  );
}

/** Content as JSON only, for scripts and tests. */
export function jsonOnly(path: string, show: (request: PageRequest) => unknown): PageRoute {
  return route('GET', path, (request) => ({ status: 200, json: show(request) }));
}

/**
 * A button: a program gets what `act` returns as JSON, a form is led to the
 * page that its field `back` names, or to the first one.
 */
export function action<Result>(
  path: string,
  act: (request: PageRequest) => Result,
  { method = 'POST', leadTo = backOf }: ActionOptions<Result> = {},
): PageRoute {
  return route(method, path, (request) => {
    const json = act(request);
    return request.wantsHtml ? { status: 303, location: leadTo(request, json) } : { status: 200, json };
  });
}

interface ActionOptions<Result> {
  readonly method?: 'POST' | 'DELETE';
  /** Where a form leads instead. */
  readonly leadTo?: (request: PageRequest, result: Result) => string;
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

function backOf({ fields }: PageRequest): string {
  const back = fields.get('back') ?? '';
  return back.startsWith(`${HOME}/`) ? back : HOME;
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
    html: controlPage(
      'That did not work',
      html`<p class="problem" role="alert">${message}</p>
        <p><a href="${backOf(request)}">Back</a></p>`,
    ),
  };
}
