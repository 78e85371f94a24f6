import { document, hiddenFields, HOME, html, type Html, type Part } from '../html.ts';

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

/** What one control page shows. */
export interface Content {
  readonly title: string;
  readonly body: Html;
}

/** One page of the control pages, with the way to the others, and above its body what is new. */
export function controlPage({ title, body }: Content, news: Part = ''): Html {
  return document(
    `${title} · Stripe sandbox`,
    html`
      <nav class="links">${LINKS.map(([path, name]) => html`<a href="${HOME}${path}">${name}</a>`)}</nav>
      <h1>${title}</h1>
      ${news} ${body}
    `,
    'wide',
  );
}

interface ButtonOptions {
  readonly fields?: Readonly<Record<string, string>>;
  /** What it does cannot be undone, or is bad news for somebody. */
  readonly isGrave?: boolean;
}

/** A form with one button, which does one thing and comes back to the page of this path. */
export function button(
  label: string,
  path: string,
  back: string,
  { fields = {}, isGrave = false }: ButtonOptions = {},
): Html {
  return actionForm(path, back, html`${hiddenFields(fields)} ${submit(label, isGrave)}`);
}

/** A form in a line, which comes back to the page of this path. */
export function actionForm(path: string, back: string, content: Html): Html {
  return html`<form class="inline" method="post" action="${HOME}${path}">
    ${hiddenFields({ back: HOME + back })} ${content}
  </form>`;
}

/** The button that sends a form in a line. */
export function submit(label: string, isGrave = false): Html {
  return html`<button class="small ${isGrave ? 'grave' : ''}">${label}</button>`;
}

/** A field that takes one of these values, by the words for each. */
export function select(name: string, label: string, options: readonly (readonly [string, string])[]): Html {
  return html`<select class="short" name="${name}" aria-label="${label}">
    ${options.map(([value, words]) => html`<option value="${value}">${words}</option>`)}
  </select>`;
}

/** A column of a table: its heading, and what of a row stands in it. Amounts stand right. */
export type Column<Row> = readonly [heading: string, cell: (row: Row) => Part, kind?: 'amount'];

/** A row for each object, or that there is none. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): Html {
  if (rows.length === 0) return html`<p>None.</p>`;
  return html`<div class="scroll">
    <table>
      <tr>
        ${columns.map(([heading, , kind = '']) => headingCell(heading, kind))}
      </tr>
      ${rows.map(
        (row) =>
          html`<tr>
            ${columns.map(
              ([heading, cell, kind = '']) =>
                html`<td class="${kind}" data-heading="${heading}">${cell(row)}</td>`,
            )}
          </tr>`,
      )}
    </table>
  </div>`;
}

/** The buttons' column has no heading. */
function headingCell(heading: string, kind: string): Html {
  return heading === '' ? html`<td></td>` : html`<th scope="col" class="${kind}">${heading}</th>`;
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
