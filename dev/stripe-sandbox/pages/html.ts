/** Text that is already HTML. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

/** What can be put into HTML. */
export type Part = Html | string | number | null | undefined | readonly Part[];

/** Builds HTML; everything put in is escaped unless it is `Html` itself. */
export function html(strings: TemplateStringsArray, ...parts: Part[]): Html {
  return new Html(strings.map((text, index) => text + render(parts[index])).join(''));
}

function render(part: Part): string {
  if (part === null || part === undefined) return '';
  if (part instanceof Html) return part.text;
  if (typeof part === 'string') return escape(part);
  if (typeof part === 'number') return String(part);
  return part.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

/** Fields of a form that nobody fills in. */
export function hiddenFields(fields: Readonly<Record<string, string>>): Html[] {
  return Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}" />`,
  );
}

/** What was wrong with what somebody did; nothing where nothing was. */
export function problemText(message: string | undefined): Html {
  return message === undefined ? html`` : html`<p class="problem" role="alert">${message}</p>`;
}

/** Where the control page is: the way there stands on every page. */
export const HOME = '/_sandbox';

/** A whole page around `body`. */
export function document(title: string, body: Html, width: 'narrow' | 'wide' = 'narrow'): Html {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}</title>
        <style>
          ${STYLE}
        </style>
      </head>
      <body class="${width}">
        <p class="banner">
          Local Stripe sandbox. No money moves here. <a href="${HOME}">See what happens</a>
        </p>
        <main>${body}</main>
      </body>
    </html>`;
}

const STYLE = new Html(`
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0; background: #f6f8fa; color: #1a1f36; }
  main { margin: 2rem auto; padding: 1.5rem 2rem; background: #fff; border-radius: 8px; box-shadow: 0 2px 8px #0001; }
  .narrow main { max-width: 28rem; }
  .wide main { max-width: 76rem; }
  .banner { margin: 0; padding: .4rem; text-align: center; background: #ffe8c2; font-size: .85rem; }
  h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; } .card h2 { margin-top: .6rem; }
  body { overflow-wrap: break-word; } td small { overflow-wrap: anywhere; }
  label { display: block; margin-top: .8rem; font-size: .9rem; }
  input:not([type=radio]), select, textarea { width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; border: 1px solid #c9d2dc; border-radius: 5px; }
  fieldset { border: 0; margin: 0; padding: 0; }
  .row { display: flex; gap: 1rem; } .row > * { flex: 1; }
  button { margin-top: 1rem; padding: .55rem 1rem; font: inherit; border: 0; border-radius: 5px; background: #635bff; color: #fff; cursor: pointer; }
  button.quiet { padding-left: 0; background: none; color: #545969; text-decoration: underline; }
  input.short:not([type=radio]), select.short { width: auto; max-width: 9rem; padding: .1rem .3rem; font-size: .8rem; }
  form.inline { display: inline-block; margin: 0 .3rem .2rem 0; } pre { font-size: .82rem; }
  button.small { margin: 0; padding: .1rem .5rem; font-size: .8rem; white-space: nowrap; border: 1px solid #8792a2; background: #fff; color: #1a1f36; }
  button.grave { border: 1px solid #a30f0f; background: #fff; color: #a30f0f; }
  .wide-button { width: 100%; }
  .problem { padding: .6rem .8rem; border-radius: 5px; background: #fde8e8; color: #a30f0f; }
  .notice { padding: .6rem .8rem; border-radius: 5px; background: #e6f6ec; color: #0b6b32; }
  .card { margin: .8rem 0; padding: .2rem 1rem .6rem; border: 1px solid #e6ebf1; border-radius: 8px; }
  .tag { white-space: nowrap; padding: .1rem .5rem; border-radius: 4px; background: #eef0ff; font-size: .85rem; }
  .links { display: flex; flex-wrap: wrap; gap: .2rem 1rem; }
  .events { display: flex; flex-wrap: wrap; gap: 0 2rem; margin: .2rem 0; padding-left: 2rem; font-size: .9rem; }
  .total { font-size: 1.6rem; font-weight: 600; }
  .scroll { overflow-x: auto; }
  table { width: 100%; border-collapse: collapse; font-size: .9rem; }
  th, td { padding: .35rem .5rem; text-align: left; border-bottom: 1px solid #e6ebf1; vertical-align: top; }
  td code, .nowrap { white-space: nowrap; } .amount { text-align: right; white-space: nowrap; }
  code { font-size: .82rem; } small { color: #697386; } a { color: #4f46e5; }
  .wide td:first-child { white-space: nowrap; }
  @media (max-width: 45rem) {
    main { margin: 1rem auto; padding: 1rem; }
    .wide table, .wide tbody, .wide tr, .wide td { display: block; width: auto; }
    .wide th, .wide td:empty { display: none; }
    .wide tr { padding: .5rem 0; border-bottom: 1px solid #8792a2; }
    .wide td { padding: .15rem 0; border: 0; text-align: left; }
    .wide td:not([data-heading=""])::before { content: attr(data-heading) ': '; color: #697386; }
  }
`);
