import { document, html, type Html } from '../html.ts';

export const HOME = '/_sandbox';

const LINKS = [
  ['', 'Overview'],
  ['/customers', 'Customers'],
  ['/payments', 'Payments'],
  ['/sessions', 'Checkout sessions'],
  ['/events', 'Events'],
  ['/deliveries', 'Deliveries'],
  ['/endpoints', 'Endpoints'],
  ['/chaos', 'Chaos'],
  ['/settings', 'Settings'],
  ['/state', 'Everything as JSON'],
] as const;

/** One page of the control pages, with the way to the others. */
export function controlPage(title: string, body: Html): Html {
  return document(
    `${title} · Stripe sandbox`,
    html`
      <nav class="links">${LINKS.map(([path, name]) => html`<a href="${HOME}${path}">${name}</a>`)}</nav>
      <h1>${title}</h1>
      ${body}
    `,
    'wide',
  );
}

/** A form with one button, which does one thing and comes back to the page of this path. */
export function button(
  label: string,
  path: string,
  back: string,
  fields: Readonly<Record<string, string>> = {},
): Html {
  return html`<form class="inline" method="post" action="${HOME}${path}">
    ${hidden({ ...fields, back: HOME + back })}
    <button class="small">${label}</button>
  </form>`;
}

/** Fields that nobody fills in. */
export function hidden(fields: Readonly<Record<string, string>>): Html[] {
  return Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
}

export function table(headings: readonly string[], rows: readonly Html[]): Html {
  if (rows.length === 0) return html`<p>None.</p>`;
  return html`<div class="scroll">
    <table>
      <tr>
        ${headings.map((heading) => html`<th>${heading}</th>`)}
      </tr>
      ${rows}
    </table>
  </div>`;
}

/** An id, shortened where it is long. */
export function code(text: string): Html {
  return html`<code>${text.length > 34 ? `${text.slice(0, 33)}…` : text}</code>`;
}

/** Unix seconds as `2027-03-01 12:00:00`, in UTC. */
export function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().slice(0, 19).replace('T', ' ');
}

/** The status of an object, as a tag. */
export function tag(text: string | null): Html {
  return text === null ? html`` : html`<span class="tag">${text.replaceAll('_', ' ')}</span>`;
}
