import {
  answer,
  clearSessionCookie,
  createRoutes,
  defineRoute,
  jsonResponse,
  originOf,
  userOf,
} from '../http/index.ts';
import { deleteAccount, type LeaveBilling } from './delete-account.ts';
import { doneAnswer } from './session-schemas.ts';

const deleteMe = defineRoute(
  'person',
  {
    method: 'delete',
    path: '/auth/me',
    summary: 'Delete the account',
    description:
      'Subscriptions are canceled at Stripe at once, without money back, pay pages are closed, automatic top-ups switched off; then the account, its sessions, keys and second factor go, and the customer has no address and name any more. Payments and the ledger stay, for the books. The address may sign up again, as somebody new. Wants a fresh proof: 403 `reauthentication_required`. 503 `stripe_unavailable`, `stripe_refused` or `changing`: nothing is deleted, and the same again goes on. 409 `last_admin`; 404 `no_account`.',
    tags: ['Accounts'],
    responses: { 200: jsonResponse('Deleted. Who asks again is unknown: 401.', doneAnswer) },
  },
  { isFresh: true },
);

/** The end of an account. */
export function createDeletionRoutes(leaveBilling: LeaveBilling) {
  return createRoutes().openapi(deleteMe, async (c) => {
    await deleteAccount(c.get('deps'), originOf(c), userOf(c), leaveBilling);
    clearSessionCookie(c);
    return answer(c, doneAnswer, { success: true });
  });
}
