import { html } from 'hono/html';
import type { ReceivedMail } from './provider.ts';

/** All mails, the newest first. */
export async function mailboxPage(mails: readonly ReceivedMail[]): Promise<string> {
  const page = html`<!doctype html>
    <html lang="en">
      <meta charset="utf-8" />
      <meta name="viewport" content="width=device-width, initial-scale=1" />
      <title>Mailbox</title>
      <style>
        body {
          font: 16px/1.5 system-ui;
          max-width: 44rem;
          margin: 2rem auto;
          padding: 0 1rem;
        }
        article {
          border-top: 1px solid #ccc;
          padding: 0.5rem 0 1rem;
        }
        h2 {
          font-size: 1.05rem;
          margin: 0.5rem 0;
        }
        pre {
          font: inherit;
          white-space: pre-wrap;
          overflow-wrap: anywhere;
        }
      </style>
      <h1>Mailbox</h1>
      <p>
        What Ratecard has sent since this was started. Nothing leaves this machine.
        <a href="/_mailbox/mails">As JSON</a>
      </p>
      ${mails.length === 0 ? html`<p>No mail yet.</p>` : mails.toReversed().map(article)}
    </html>`;
  return String(await page);
}

function article({ from, to, subject, text, received_at, id }: ReceivedMail) {
  return html`<article>
    <h2>${subject}</h2>
    <div>From ${from} to ${to.join(', ')}, <time>${received_at}</time></div>
    <pre>${text}</pre>
    <small>Idempotency-Key: ${id ?? 'none'}</small>
  </article>`;
}
