import type { OpenAPIHono } from '@hono/zod-openapi';
import { html, raw } from 'hono/html';
import type { AppEnv } from './context.ts';
import { sessionCookie } from './guard.ts';

type OpenApiDocument = ReturnType<OpenAPIHono<AppEnv>['getOpenAPI31Document']>;

const description = `Plans, credit packages, a credit ledger and Stripe.

Every route but those marked public takes \`Authorization: Bearer\` with an access token, or with an API key that has
the route's scope (\`x-scope\`); a route without one takes no key. Every POST, PUT, PATCH and
DELETE takes \`Idempotency-Key\`: the same request again gets the first answer. Refusals are RFC 9457 problems with a stable
\`code\`. Money is in minor units (pence, cents), times are ISO 8601 in UTC.`;

/**
 * Serves `/openapi.json`, made from the same schemas that check requests and answers, and `/docs`, the same for people:
 * one page without scripts, so that it works offline and under the strictest content policy.
 */
export function serveDocumentation(app: OpenAPIHono<AppEnv>, version: string): void {
  let made: OpenApiDocument | undefined;
  const documentOf = () => (made ??= makeDocument(app, version));
  app.get('/openapi.json', (c) => c.json(documentOf()));
  app.get('/docs', (c) => c.html(renderPage(documentOf())));
}

function makeDocument(app: OpenAPIHono<AppEnv>, version: string): OpenApiDocument {
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'cookie', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie,
  });
  return app.getOpenAPI31Document({
    openapi: '3.1.0',
    info: { title: 'Ratecard', version, description },
    servers: [{ url: '/' }],
  });
}

interface Operation {
  readonly summary?: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly 'x-access'?: string;
  readonly 'x-scope'?: string;
  readonly parameters?: readonly unknown[];
  readonly requestBody?: unknown;
  readonly responses?: unknown;
}

function renderPage(document: OpenApiDocument) {
  const operations = Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    Object.entries(item as Record<string, Operation>).map(([method, operation]) => ({
      method,
      path,
      operation,
    })),
  );
  const groups = Map.groupBy(operations, ({ operation }) => operation.tags?.[0] ?? 'Other');
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>Ratecard API ${document.info.version}</title>
        <style>
          ${raw(styles)}
        </style>
      </head>
      <body>
        <h1>Ratecard API <small>${document.info.version}</small></h1>
        ${prose(document.info.description)}
        <p>The same for machines: <a href="/openapi.json">openapi.json</a></p>
        ${[...groups].map(([name, members]) => renderGroup(name, members))}
        <h2>Schemas</h2>
        ${Object.entries(document.components?.schemas ?? {}).map(([name, schema]) => renderJson(name, schema))}
      </body>
    </html>`;
}

function renderGroup(
  name: string,
  members: readonly { readonly method: string; readonly path: string; readonly operation: Operation }[],
) {
  return html`<h2>${name}</h2>
    ${members.map(
      ({ method, path, operation }) =>
        html`<section>
          <h3><code>${method.toUpperCase()} ${path}</code> <small>${termsOf(operation)}</small></h3>
          <p>${operation.summary ?? ''}</p>
          ${prose(operation.description)}
          ${operation.parameters === undefined ? '' : renderJson('Parameters', operation.parameters)}
          ${operation.requestBody === undefined ? '' : renderJson('Request body', operation.requestBody)}
          ${renderJson('Answers', operation.responses)}
        </section>`,
    )}`;
}

/** Who may call it, and the scope that an API key needs for it. */
function termsOf({ 'x-access': access = '', 'x-scope': scope }: Operation): string {
  return scope === undefined ? access : `${access}, ${scope}`;
}

/** Paragraphs of the little Markdown that descriptions are written in: blank lines, and code between backticks. */
function prose(text = '') {
  return text.split(/\n\s*\n/).map((paragraph) => {
    const parts = paragraph.split(/`([^`]*)`/);
    return html`<p class="text">
      ${parts.map((part, index) => (index % 2 === 0 ? part : html`<code>${part}</code>`))}
    </p>`;
  });
}

function renderJson(name: string, value: unknown) {
  return html`<details>
    <summary>${name}</summary>
    <pre>${JSON.stringify(value, null, 2)}</pre>
  </details>`;
}

const styles = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; color: #1c2430 }
h2 { margin-top: 2.5rem; border-bottom: 1px solid #d6dbe1 } h3 { margin-bottom: 0 } small { color: #5b6675; font-weight: 400 }
section { margin-bottom: 1.5rem } p { margin: .25rem 0 } .text { color: #3a4552 }
pre { background: #f5f7f9; padding: .75rem; overflow: auto; font-size: .85rem } summary { cursor: pointer; color: #2457a6 }`;
