import { StripeFailure } from '../../api/errors.ts';
import { document, html, type Html } from '../html.ts';
import type { PageAnswer, PageRequest, PageRoute } from '../page.ts';

export const HOME = '/_sandbox';

/** A page below `/_sandbox`. */
export function view(path: string, show: (request: PageRequest) => Html): PageRoute {
  return route('GET', path, (request) => ({ status: 200, html: show(request) }));
}

/** A page's content as JSON, for scripts and tests. */
export function data(path: string, show: (request: PageRequest) => unknown): PageRoute {
  return route('GET', path, (request) => ({ status: 200, json: show(request) }));
}

/**
 * A button: a program gets what `act` returns as JSON, a form goes back to the
 * page that its field `back` names, or to the first one.
 */
export function action(
  path: string,
  act: (request: PageRequest) => unknown,
  method: 'POST' | 'DELETE' = 'POST',
): PageRoute {
  return route(method, path, (request) => {
    const json = act(request);
    if (!request.wantsHtml) return { status: 200, json };
    const back = request.fields.get('back') ?? '';
    return { status: 303, location: back.startsWith(`${HOME}/`) ? back : HOME };
  });
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
  const page = html`<h1>That did not work</h1>
    <p class="problem">${message}</p>
    <p><a href="${HOME}">Back to the sandbox</a></p>`;
  return { status, html: document('Stripe sandbox', page) };
}
