import type { Visit } from '../../portal/visit.ts';
import { html } from '../html.ts';
import type { PageAnswer } from '../page.ts';
import { address, portalPage } from './frame.ts';

/** What is told after something was done, by the name that the address carries. */
const NOTICES: Readonly<Record<string, string>> = {
  canceled: 'Your subscription is canceled.',
  card_updated: 'Your card was saved and will be used from now on.',
  details_updated: 'Your details were saved.',
  paid: 'Thank you, your payment was received.',
  plan_changed: 'Your plan was changed.',
  plan_kept: 'Your plan will not change.',
  plan_scheduled: 'Your plan will change at the end of the period.',
  resumed: 'Your subscription goes on.',
  will_cancel: 'Your subscription will end with the period that is paid.',
};

/** The words for something that was done; undefined for a name that is none of ours. */
export function noticeText(done: string | null): string | undefined {
  return done !== null && Object.hasOwn(NOTICES, done) ? NOTICES[done] : undefined;
}

/** Where the customer goes after something was done: the flow may say so, otherwise to the portal's home. */
export function completionUrl(visit: Visit, done: string): string {
  const completion = visit.session.flow?.after_completion;
  if (completion?.redirect) return completion.redirect.return_url;
  const page = completion?.type === 'hosted_confirmation' ? 'confirmed' : 'home';
  return address(visit, { page, done });
}

/** The end of a flow that stays here. */
export function confirmedPage(visit: Visit, done: string | null): PageAnswer {
  const message = visit.session.flow?.after_completion.hosted_confirmation?.custom_message;
  return portalPage(visit, 'All done', html`<p>${message ?? noticeText(done)}</p>`);
}
