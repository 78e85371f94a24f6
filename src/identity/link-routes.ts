import { z } from 'zod';
import { createRoutes, defineRoute } from '../http/index.ts';
import { linkPage } from './link-page.ts';

const getLink = defineRoute('public', {
  method: 'get',
  path: '/auth/link',
  summary: 'The page that a mail’s link opens',
  description:
    'One page for every link. What the link is for, and its token, stand behind the `#` and so in no request: the page sends them by POST once somebody presses its button.',
  tags: ['Accounts'],
  responses: { 200: { description: 'The page.', content: { 'text/html': { schema: z.string() } } } },
});

/** The page of the links in mails. */
export function createLinkRoutes() {
  return createRoutes().openapi(getLink, (c) =>
    c.html(linkPage.html, 200, {
      'Cache-Control': 'no-store',
      'Content-Security-Policy': linkPage.policy,
      'Referrer-Policy': 'no-referrer',
    }),
  );
}
