import type { ObjectTypes } from '../../../../dev/stripe-sandbox/state/wire.ts';
import { differences } from '../differences.ts';
import { attempt, press, type Play, type Steps } from '../play.ts';
import { worldOf, type World } from '../world.ts';

type Invoice = ObjectTypes['invoice'];
type Subscription = ObjectTypes['subscription'];

export const renewalSteps: Steps = {
  'preview a renewal': [4, previewRenewal],
};

/**
 * Goes to the second before a subscription renews or ends, asks for a preview
 * of the invoice, lets the second pass, and compares.
 */
async function previewRenewal(play: Play): Promise<unknown> {
  const { random, sandbox, stripe } = play;
  const renewing = play.world.all('subscription').filter((one) => renewsAt(one) !== null);
  const id = random.find(renewing)?.id;
  const at = renewsAt(play.world.find('subscription', id));
  if (id === undefined || at === null) return undefined;
  const reached = await goTo(play, play.world, id, at - 1);
  const world = await worldOf(sandbox);
  const next = world.find('subscription', id);
  if (!reached || renewsAt(next) !== at || !next || !renewsAlone(world, next)) return undefined;
  let preview: object | undefined;
  const result = await attempt(async () => {
    preview = await stripe.invoices.createPreview({ subscription: id });
  });
  if (!(await goTo(play, world, id, at))) return undefined;
  const after = await worldOf(sandbox);
  const [made, ...others] = after
    .all('invoice')
    .filter((one) => isOf(one, id) && one.created === at && !world.find('invoice', one.id));
  if (others.length > 0) throw new Error(`The renewal of ${id} makes two invoices.`);
  // A bank may answer at the same instant, and that may have been the last try to collect.
  const isGivenUp = after.find('subscription', id)?.cancellation_details?.reason === 'payment_failed';
  if (!made && (!preview || isGivenUp)) return result;
  if (!made || !preview) {
    throw new Error(`Preview of ${id}: ${result}; invoice: ${made?.id ?? 'none'}`);
  }
  const wrong = differences(shown(preview), shown(made));
  if (wrong.length > 0) throw new Error(`The preview of ${made.id} differs in ${wrong.join(', ')}`);
  return made;
}

/** When a subscription renews or ends; null when it does neither. */
function renewsAt(subscription: Subscription | undefined): number | null {
  if (!subscription || !['active', 'past_due', 'trialing'].includes(subscription.status)) return null;
  const end = Math.min(...subscription.items.data.map((item) => item.current_period_end));
  return Math.min(end, subscription.cancel_at ?? end);
}

/** Whether no other subscription of the customer bills the customer's pending items at that instant. */
function renewsAlone(world: World, subscription: Subscription): boolean {
  return world
    .all('subscription')
    .filter(({ customer }) => customer === subscription.customer)
    .every((one) => one.id === subscription.id || renewsAt(one) !== renewsAt(subscription));
}

/** Moves the time of a subscription; false when that is too far at once. */
async function goTo(play: Play, world: World, id: string, at: number): Promise<boolean> {
  const subscription = world.find('subscription', id);
  const now = world.timeOf(subscription?.customer);
  if (now === null || at < now) return false;
  if (at === now) return true;
  const clock = subscription?.test_clock;
  const path = clock ? `/_sandbox/test-clocks/${clock}/advance` : '/_sandbox/time/advance';
  const answer = await press(play, path, { to: String(at) });
  if (answer.status >= 500) throw new Error(await answer.text());
  return answer.status === 200;
}

function isOf(invoice: Invoice, subscription: string): boolean {
  return invoice.parent?.subscription_details?.subscription === subscription;
}

/** What the two must agree in; a discount that the renewal redeems has another id in each. */
function shown(invoice: object): object {
  return JSON.parse(
    JSON.stringify(invoice, (key, value: unknown) => {
      if (HIDDEN.has(key)) return undefined;
      return typeof value === 'string' && value.startsWith('di_') ? 'discount' : value;
    }),
  );
}

const HIDDEN = new Set([
  'id',
  'automatically_finalizes_at',
  'billing_reason',
  'invoice',
  'invoice_item',
  'lastResponse',
  'next_payment_attempt',
  'url',
]);
