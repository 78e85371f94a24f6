/** Text that is already HTML. */
export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Html | string | number | null | undefined | readonly Part[];

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
        <p class="banner">Local Stripe sandbox. No money moves here.</p>
        <main>${body}</main>
      </body>
    </html>`;
}

const STYLE = new Html(`
  body { font: 16px/1.5 system-ui, sans-serif; margin: 0; background: #f6f8fa; color: #1a1f36; }
  main { margin: 2rem auto; padding: 1.5rem 2rem; background: #fff; border-radius: 8px; box-shadow: 0 2px 8px #0001; }
  .narrow main { max-width: 28rem; }
  .wide main { max-width: 70rem; }
  .banner { margin: 0; padding: .4rem; text-align: center; background: #ffe8c2; font-size: .85rem; }
  h1 { font-size: 1.3rem; } h2 { font-size: 1.05rem; margin-top: 2rem; }
  label { display: block; margin-top: .8rem; font-size: .9rem; }
  input[type=text], input[type=email], input[type=number], select, textarea { width: 100%; box-sizing: border-box; padding: .5rem; font: inherit; border: 1px solid #c9d2dc; border-radius: 5px; }
  fieldset { border: 0; margin: 0; padding: 0; }
  .row { display: flex; gap: 1rem; } .row > * { flex: 1; }
  button { margin-top: 1rem; padding: .55rem 1rem; font: inherit; border: 0; border-radius: 5px; background: #635bff; color: #fff; cursor: pointer; }
  button.quiet { background: none; color: #545969; text-decoration: underline; }
  input.short[type=number] { width: 6rem; padding: .1rem .3rem; }
  form.inline { display: inline-block; margin: 0 .3rem .2rem 0; } pre { font-size: .82rem; }
  button.small { margin: 0; padding: .1rem .5rem; font-size: .8rem; }
  .wide-button { width: 100%; }
  .problem { padding: .6rem .8rem; border-radius: 5px; background: #fde8e8; color: #a30f0f; }
  .notice { padding: .6rem .8rem; border-radius: 5px; background: #e6f6ec; color: #0b6b32; }
  .card { margin: .8rem 0; padding: .2rem 1rem .6rem; border: 1px solid #e6ebf1; border-radius: 8px; }
  .tag { padding: .1rem .5rem; border-radius: 4px; background: #eef0ff; font-size: .85rem; }
  .links a { margin-right: 1rem; }
  .total { font-size: 1.6rem; font-weight: 600; }
  .scroll { overflow-x: auto; }
  table { width: 100%; border-collapse: collapse; font-size: .9rem; }
  th, td { padding: .35rem .5rem; text-align: left; border-bottom: 1px solid #e6ebf1; vertical-align: top; }
  td.amount { text-align: right; white-space: nowrap; }
  code { font-size: .82rem; } small { color: #697386; } a { color: #635bff; }
`);
