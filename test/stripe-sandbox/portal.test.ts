import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { openInvoiceOf, subscriber, typesDuring } from './billing-support.ts';
import { eventsOf, priceOf, refusal, sandbox, submit, typesOf } from './support.ts';

const RETURN_URL = 'https://shop.example/account';
const PRODUCTS = 'features.subscription_update.products';

test('who has not paid the first invoice is only asked to pay it', async () => {
  const { sandbox: server, stripe } = await sandbox();
  const { id: customer } = await stripe.customers.create({ name: 'Jenny Rosen' });
  const price = await priceOf(stripe, 2490, 'month');
  const items = [{ price: price.id }];
  const subscription = await stripe.subscriptions.create({
    customer,
    items,
    payment_behavior: 'default_incomplete',
  });
  expect(subscription.status).toBe('incomplete');
  const { url } = await stripe.billingPortal.sessions.create({ customer, return_url: RETURN_URL });
  const portal = await (await fetch(url)).text();
  expect(portal).toContain('Pay £24.90 now');
  expect(portal).not.toMatch(/Change plan|page=cancel/);
  const headers = { accept: 'text/html' };
  const control = await (await fetch(`${server.url}/_sandbox/customers/${customer}`, { headers })).text();
  expect(control).toContain('Cancel now');
  expect(control).not.toContain('period’s end');
});

describe('configurations of the customer portal', () => {
  test('allow what they say and nothing else', async () => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 2490, 'month');
    const configuration = await stripe.billingPortal.configurations.create({
      business_profile: { headline: 'Your plan' },
      default_return_url: RETURN_URL,
      features: {
        customer_update: { enabled: true, allowed_updates: ['name', 'email'] },
        subscription_cancel: { enabled: true, mode: 'immediately', proration_behavior: 'create_prorations' },
        subscription_update: {
          enabled: true,
          default_allowed_updates: ['price'],
          products: [{ product: String(price.product), prices: [price.id] }],
          schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }] },
        },
      },
      metadata: { team: 'billing' },
    });
    expect(configuration).toMatchObject({
      active: true,
      business_profile: { headline: 'Your plan', privacy_policy_url: null, terms_of_service_url: null },
      default_return_url: RETURN_URL,
      features: {
        customer_update: { allowed_updates: ['name', 'email'], enabled: true },
        invoice_history: { enabled: false },
        payment_method_update: { enabled: false },
        subscription_cancel: { enabled: true, mode: 'immediately', proration_behavior: 'create_prorations' },
        subscription_update: {
          enabled: true,
          default_allowed_updates: ['price'],
          proration_behavior: 'none',
          schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }] },
          trial_update_behavior: 'end_trial',
        },
      },
      is_default: false,
      login_page: { enabled: false, url: null },
      metadata: { team: 'billing' },
    });
    expect(await typesOf(stripe)).toContain('billing_portal.configuration.created');
  });

  test('show their products only when asked to', async () => {
    const { stripe } = await sandbox();
    const price = await priceOf(stripe, 2490, 'month');
    const products = [{ product: String(price.product), prices: [price.id] }];
    const { id, features } = await stripe.billingPortal.configurations.create({
      features: { subscription_update: { enabled: true, default_allowed_updates: ['price'], products } },
    });
    expect(features.subscription_update).not.toHaveProperty('products');
    const shown = await stripe.billingPortal.configurations.retrieve(id, { expand: [PRODUCTS] });
    expect(shown.features.subscription_update.products).toEqual([
      { ...products[0], adjustable_quantity: { enabled: false, maximum: null, minimum: 1 } },
    ]);
    const listed = await stripe.billingPortal.configurations.list({
      is_default: false,
      expand: [`data.${PRODUCTS}`],
    });
    expect(listed.data[0]?.features.subscription_update.products).toMatchObject(products);
  });

  test('are updated member by member', async () => {
    const { stripe } = await sandbox();
    const { id } = await stripe.billingPortal.configurations.create({
      features: {
        invoice_history: { enabled: true },
        customer_update: { enabled: true, allowed_updates: ['name'] },
      },
    });
    const updated = await stripe.billingPortal.configurations.update(id, {
      active: false,
      default_return_url: RETURN_URL,
      features: { customer_update: { allowed_updates: '' }, subscription_cancel: { enabled: true } },
    });
    expect(updated).toMatchObject({
      active: false,
      default_return_url: RETURN_URL,
      features: {
        customer_update: { allowed_updates: [], enabled: true },
        invoice_history: { enabled: true },
        subscription_cancel: { enabled: true, mode: 'at_period_end' },
      },
    });
    expect((await stripe.billingPortal.configurations.list({ active: false })).data).toHaveLength(1);
    const last = (await eventsOf(stripe)).at(-1);
    expect(last).toMatchObject({
      type: 'billing_portal.configuration.updated',
      data: { previous_attributes: { active: true } },
    });
    const customer = await stripe.customers.create();
    const error = await refusal(
      stripe.billingPortal.sessions.create({ customer: customer.id, configuration: id }),
    );
    expect(error).toMatchObject({ statusCode: 400, param: 'configuration' });
  });

  test('one is the default, and can be changed like the others but not switched off', async () => {
    const { stripe } = await sandbox();
    const [found, another] = (await stripe.billingPortal.configurations.list({ is_default: true })).data;
    expect(another).toBeUndefined();
    expect(found?.features).toMatchObject({
      payment_method_update: { enabled: true },
      invoice_history: { enabled: true },
      subscription_cancel: { enabled: true, mode: 'at_period_end' },
      subscription_update: { enabled: true, proration_behavior: 'create_prorations' },
    });
    const id = found?.id ?? '';
    await stripe.billingPortal.configurations.update(id, { name: 'Ours' });
    const error = await refusal(stripe.billingPortal.configurations.update(id, { active: false }));
    expect(error).toMatchObject({ statusCode: 400, param: 'active' });
    const customer = await stripe.customers.create();
    const session = await stripe.billingPortal.sessions.create({ customer: customer.id });
    expect(session).toMatchObject({ configuration: id, return_url: null, flow: null });
  });

  test('refuse what does not fit together or is not played', async () => {
    const { stripe } = await sandbox();
    const monthly = await priceOf(stripe, 2490, 'month');
    const once = await priceOf(stripe, 400);
    const dearer = await stripe.prices.create({
      product: String(monthly.product),
      currency: 'gbp',
      unit_amount: 4990,
      recurring: { interval: 'month' },
    });
    const update = (
      products?: Stripe.BillingPortal.ConfigurationCreateParams.Features.SubscriptionUpdate.Product[],
    ) => ({
      subscription_update: {
        enabled: true,
        default_allowed_updates: ['price'],
        ...(products && { products }),
      },
    });
    const cases: [Stripe.BillingPortal.ConfigurationCreateParams.Features, string][] = [
      [update(), 'features[subscription_update][products]'],
      [{ subscription_update: { enabled: true } }, 'features[subscription_update][default_allowed_updates]'],
      [
        update([{ product: 'prod_none', prices: [monthly.id] }]),
        'features[subscription_update][products][0][product]',
      ],
      [
        update([{ product: String(monthly.product), prices: [once.id] }]),
        'features[subscription_update][products][0][prices][0]',
      ],
      [
        update([{ product: String(once.product), prices: [once.id] }]),
        'features[subscription_update][products][0][prices][0]',
      ],
      [
        update([{ product: String(monthly.product), prices: [monthly.id, dearer.id] }]),
        'features[subscription_update][products][0][prices]',
      ],
      [
        { subscription_cancel: { enabled: true, proration_behavior: 'create_prorations' } },
        'features[subscription_cancel][proration_behavior]',
      ],
      [
        { subscription_cancel: { enabled: true, mode: 'immediately', proration_behavior: 'always_invoice' } },
        'features[subscription_cancel][proration_behavior]',
      ],
      [
        { customer_update: { enabled: true, allowed_updates: ['tax_id'] } },
        'features[customer_update][allowed_updates]',
      ],
      [{ subscription_pause: { enabled: true } }, 'features[subscription_pause][enabled]'],
    ];
    for (const [features, param] of cases) {
      const error = await refusal(stripe.billingPortal.configurations.create({ features }));
      expect(error).toMatchObject({ statusCode: 400, param });
    }
  });
});

describe('sessions of the customer portal', () => {
  test('lead back to where the configuration says, unless they say it', async () => {
    const { stripe } = await sandbox();
    const customer = await stripe.customers.create();
    const { id: configuration } = await stripe.billingPortal.configurations.create({
      default_return_url: RETURN_URL,
      features: { invoice_history: { enabled: true } },
    });
    const create = (params: Stripe.BillingPortal.SessionCreateParams) =>
      stripe.billingPortal.sessions.create({ customer: customer.id, configuration, ...params });
    expect(await create({ locale: 'fr' })).toMatchObject({
      configuration,
      customer: customer.id,
      locale: 'fr',
      return_url: RETURN_URL,
    });
    expect(await create({ return_url: 'https://shop.example/other' })).toMatchObject({
      return_url: 'https://shop.example/other',
    });
  });

  test('carry the one thing that they are for', async () => {
    const { stripe } = await sandbox();
    const { customer, subscription } = await subscriber(stripe);
    const dearer = await priceOf(stripe, 4990, 'month');
    const items = [{ id: subscription.items.data[0]?.id ?? '', price: dearer.id }];
    const session = await stripe.billingPortal.sessions.create({
      customer: customer.id,
      flow_data: {
        type: 'subscription_update_confirm',
        subscription_update_confirm: { subscription: subscription.id, items },
        after_completion: { type: 'redirect', redirect: { return_url: RETURN_URL } },
      },
    });
    expect(session.flow).toEqual({
      after_completion: {
        hosted_confirmation: null,
        redirect: { return_url: RETURN_URL },
        type: 'redirect',
      },
      customer_update: null,
      subscription_cancel: null,
      subscription_pause: null,
      subscription_update: null,
      subscription_update_confirm: {
        discounts: null,
        items: [{ ...items[0], quantity: 1 }],
        subscription: subscription.id,
      },
      type: 'subscription_update_confirm',
    });
  });

  test('refuse what the customer could not do there', async () => {
    const { stripe } = await sandbox();
    const { customer, subscription } = await subscriber(stripe);
    const stranger = await stripe.customers.create();
    const [item] = subscription.items.data;
    const { id: nothing } = await stripe.billingPortal.configurations.create({
      features: { invoice_history: { enabled: true } },
    });
    const confirm = (price: string | undefined): Stripe.BillingPortal.SessionCreateParams.FlowData => ({
      type: 'subscription_update_confirm',
      subscription_update_confirm: {
        subscription: subscription.id,
        items: [{ id: item?.id ?? '', ...(price !== undefined && { price }) }],
      },
    });
    const cancel: Stripe.BillingPortal.SessionCreateParams.FlowData = {
      type: 'subscription_cancel',
      subscription_cancel: { subscription: subscription.id },
    };
    const once = await priceOf(stripe, 400);
    const cases: [Stripe.BillingPortal.SessionCreateParams, RegExp][] = [
      [
        { flow_data: cancel, configuration: nothing },
        /cancel feature in the portal configuration is disabled/,
      ],
      [
        { flow_data: { type: 'payment_method_update' }, configuration: nothing },
        /payment method update feature in the portal configuration is disabled/,
      ],
      [
        { flow_data: confirm(once.id), configuration: nothing },
        /update feature in the portal configuration is disabled/,
      ],
      [{ flow_data: confirm(once.id) }, /does not include the price/],
      [{ flow_data: confirm(undefined) }, /no changes to confirm/],
      [{ flow_data: cancel, customer: stranger.id }, /No such subscription/],
      [{ flow_data: { type: 'subscription_cancel' } }, /Missing required param/],
      [
        {
          flow_data: {
            type: 'subscription_update_confirm',
            subscription_update_confirm: {
              discounts: [{ coupon: 'none' }],
              items: [{ id: item?.id ?? '' }],
              subscription: subscription.id,
            },
          },
        },
        /No such coupon/,
      ],
      [{ configuration: 'bpc_none' }, /No such configuration/],
      [{ return_url: 'nowhere' }, /Not a valid URL/],
    ];
    for (const [params, message] of cases) {
      const error = await refusal(stripe.billingPortal.sessions.create({ customer: customer.id, ...params }));
      expect(error.statusCode).toBe(400);
      expect(error.message).toMatch(message);
    }
  });
});

/** Opens the portal of a customer. */
async function open(
  stripe: Stripe,
  customer: string,
  params: Stripe.BillingPortal.SessionCreateParams = {},
): Promise<string> {
  const session = await stripe.billingPortal.sessions.create({ customer, ...params });
  return session.url;
}

async function pageAt(url: string, query: Record<string, string> = {}): Promise<string> {
  const response = await fetch(`${url}?${new URLSearchParams(query).toString()}`);
  return response.text();
}

/** The page that a form's answer leads to. */
async function followed(answer: Response): Promise<string> {
  expect(answer.status).toBe(303);
  const response = await fetch(new URL(answer.headers.get('location') ?? '', answer.url));
  return response.text();
}

describe('the page of the customer portal', () => {
  test('shows a subscription, its invoices and what happens next', async () => {
    const { stripe } = await sandbox({ now: () => new Date('2027-03-01T00:00:00Z') });
    const { customer, subscription } = await subscriber(stripe);
    const page = await pageAt(await open(stripe, customer.id, { return_url: RETURN_URL }));
    expect(page).toContain('Billing of Jenny Rosen');
    expect(page).toContain('Professional');
    expect(page).toContain('£24.90 / month');
    expect(page).toContain('Renews on 1 April 2027.');
    expect(page).toContain('Visa •••• 4242, expires 12/2040');
    const invoice = await stripe.invoices.retrieve(String(subscription.latest_invoice));
    expect(page).toContain(invoice.number ?? 'a number');
    expect(page).toContain(`href="${RETURN_URL}"`);
  });

  test('offers only what the configuration allows', async () => {
    const { stripe } = await sandbox();
    const { customer } = await subscriber(stripe);
    const everything = await pageAt(await open(stripe, customer.id));
    const { id: configuration } = await stripe.billingPortal.configurations.create({
      business_profile: { headline: 'Only <b>look</b>', terms_of_service_url: 'https://shop.example/terms' },
      features: { invoice_history: { enabled: false } },
    });
    const url = await open(stripe, customer.id, { configuration });
    const nothing = await pageAt(url);
    for (const offer of ['Change plan', 'Cancel', 'Update card', 'Change details', 'Invoices']) {
      expect(everything).toContain(offer);
      expect(nothing).not.toContain(offer);
    }
    expect(nothing).toContain('Only &lt;b&gt;look&lt;/b&gt;');
    expect(nothing).toContain('href="https://shop.example/terms"');
    const response = await submit(url, { action: 'update_details', name: 'Mallory' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('Your name cannot be changed here.');
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({ name: 'Jenny Rosen' });
  });

  test('changes name, email and address, and says what is wrong with them', async () => {
    const { stripe } = await sandbox();
    const { id } = await stripe.customers.create({ email: 'jenny@example.com', phone: '123' });
    const url = await open(stripe, id);
    const wrong = await submit(url, { action: 'update_details', name: '"><b>Jenny', email: 'jenny' });
    expect(wrong.status).toBe(400);
    const page = await wrong.text();
    expect(page).toContain('Invalid email address: jenny');
    expect(page).toContain('value="&quot;&gt;&lt;b&gt;Jenny"');
    const right = await submit(url, {
      action: 'update_details',
      name: 'Jenny Rosen',
      email: 'rosen@example.com',
      line1: '1 High Street',
      city: 'London',
      country: 'GB',
    });
    expect(await followed(right)).toContain('Your details were saved.');
    expect(await stripe.customers.retrieve(id)).toMatchObject({
      name: 'Jenny Rosen',
      email: 'rosen@example.com',
      phone: '123',
      address: { line1: '1 High Street', line2: null, city: 'London', country: 'GB' },
    });
    expect((await eventsOf(stripe)).filter(({ type }) => type === 'customer.updated')).toHaveLength(1);
  });

  test('closes a day after it was opened; an unknown link leads nowhere', async () => {
    let now = new Date('2027-03-01T00:00:00Z');
    const { sandbox: started, stripe } = await sandbox({ now: () => now });
    const { id } = await stripe.customers.create();
    const url = await open(stripe, id);
    expect((await fetch(url)).status).toBe(200);
    now = new Date('2027-03-02T00:00:00Z');
    expect((await fetch(url)).status).toBe(410);
    expect((await submit(url, { action: 'update_details', name: 'Mallory' })).status).toBe(410);
    expect((await fetch(`${started.url}/p/session/test_none`)).status).toBe(404);
    expect(await stripe.customers.retrieve(id)).toMatchObject({ name: null });
  });

  test('refuses an action that it does not know', async () => {
    const { stripe } = await sandbox();
    const { id } = await stripe.customers.create();
    const response = await submit(await open(stripe, id), { action: 'delete' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('Unknown action.');
  });
});

describe('paying in the customer portal', () => {
  test('collects an open invoice with the saved card', async () => {
    const { stripe } = await sandbox();
    const { customer, subscription } = await subscriber(stripe);
    const { id } = await openInvoiceOf(stripe, customer.id, 1200);
    const url = await open(stripe, customer.id);
    const without = await submit(url, { action: 'pay_invoice', invoice: String(id) });
    expect(without.status).toBe(400);
    expect(await without.text()).toContain('Please save a card first.');
    await stripe.customers.update(customer.id, {
      invoice_settings: { default_payment_method: String(subscription.default_payment_method) },
    });
    expect(await pageAt(url)).toContain('Pay £12.00 now');
    const answer = await submit(url, { action: 'pay_invoice', invoice: String(id) });
    expect(await followed(answer)).toContain('your payment was received');
    expect(await stripe.invoices.retrieve(String(id))).toMatchObject({ status: 'paid', amount_paid: 1200 });
    const again = await submit(url, { action: 'pay_invoice', invoice: String(id) });
    expect(again.status).toBe(400);
  });

  test('does not touch what belongs to others', async () => {
    const { stripe } = await sandbox();
    const { customer, subscription } = await subscriber(stripe);
    const { id } = await openInvoiceOf(stripe, customer.id, 1200);
    const stranger = await stripe.customers.create();
    const url = await open(stripe, stranger.id);
    expect((await submit(url, { action: 'pay_invoice', invoice: String(id) })).status).toBe(400);
    const page = await fetch(`${url}?page=cancel&subscription=${subscription.id}`);
    expect(page.status).toBe(404);
    expect(await stripe.invoices.retrieve(String(id))).toMatchObject({ status: 'open' });
  });
});

/** A subscriber at £30 a month since 1 April 2027, on the 16th: half of the month is over. */
async function inMidMonth(): Promise<{
  stripe: Stripe;
  customer: Stripe.Customer;
  subscription: Stripe.Subscription;
  dearer: Stripe.Price;
  yearly: Stripe.Price;
  travel: (to: string) => void;
}> {
  let now = new Date('2027-04-01T00:00:00Z');
  const { stripe } = await sandbox({ now: () => now });
  const price = await priceOf(stripe, 3000, 'month');
  const { customer, subscription } = await subscriber(stripe, { price });
  const dearer = await priceOf(stripe, 6000, 'month');
  const yearly = await stripe.prices.create({
    product: String(price.product),
    currency: 'gbp',
    unit_amount: 30_000,
    recurring: { interval: 'year' },
  });
  now = new Date('2027-04-16T00:00:00Z');
  const travel = (to: string): void => void (now = new Date(to));
  return { stripe, customer, subscription, dearer, yearly, travel };
}

type Update = Stripe.BillingPortal.ConfigurationCreateParams.Features.SubscriptionUpdate;

/** A configuration that lets customers choose among these prices. */
async function offering(
  stripe: Stripe,
  prices: readonly Stripe.Price[],
  params: Partial<Update> = {},
): Promise<string> {
  const products = Map.groupBy(prices, ({ product }) => String(product));
  const configuration = await stripe.billingPortal.configurations.create({
    features: {
      payment_method_update: { enabled: true },
      subscription_update: {
        enabled: true,
        default_allowed_updates: ['price'],
        products: [...products].map(([product, of]) => ({ product, prices: of.map(({ id }) => id) })),
        ...params,
      },
    },
  });
  return configuration.id;
}

describe('changing the plan in the customer portal', () => {
  test('shows what it costs, changes nothing until it is confirmed, and then does what it showed', async () => {
    const { stripe, customer, subscription, dearer, travel } = await inMidMonth();
    const url = await open(stripe, customer.id);
    const wish = { subscription: subscription.id, price: dearer.id };
    const choice = await pageAt(url, { page: 'plans', subscription: subscription.id });
    expect(choice).toContain('£30.00 / month');
    expect(choice).toContain('£60.00 / month');
    const preview = await pageAt(url, { page: 'preview', ...wish });
    expect(preview).toContain('Nothing is charged today.');
    expect(preview).toContain('On 1 May 2027: £75.00');
    expect(preview).toContain('-£15.00');
    expect(preview).toContain('Visa •••• 4242');
    const unchanged = await stripe.subscriptions.retrieve(subscription.id);
    expect(unchanged.items.data[0]?.price.unit_amount).toBe(3000);
    const types = await typesDuring(stripe, async () => {
      const answer = await submit(url, { action: 'change_plan', ...wish });
      expect(await followed(answer)).toContain('Your plan was changed.');
    });
    expect(types).toEqual(['invoiceitem.created', 'invoiceitem.created', 'customer.subscription.updated']);
    const changed = await stripe.subscriptions.retrieve(subscription.id);
    expect(changed.items.data[0]).toMatchObject({
      id: subscription.items.data[0]?.id,
      price: { id: dearer.id },
    });
    travel('2027-05-01T02:00:00Z');
    const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({ status: 'paid', total: 7500, billing_reason: 'subscription_cycle' });
  });

  test('bills an upgrade at once where the configuration says so', async () => {
    const { stripe, customer, subscription, dearer } = await inMidMonth();
    const configuration = await offering(stripe, [dearer], { proration_behavior: 'always_invoice' });
    const url = await open(stripe, customer.id, { configuration });
    const wish = { subscription: subscription.id, price: dearer.id };
    const preview = await pageAt(url, { page: 'preview', ...wish });
    expect(preview).toContain('Charged now: £15.00');
    expect(preview).toContain('On 1 May 2027: £60.00');
    expect((await submit(url, { action: 'change_plan', ...wish })).status).toBe(303);
    const { latest_invoice: latest } = await stripe.subscriptions.retrieve(subscription.id);
    expect(await stripe.invoices.retrieve(String(latest))).toMatchObject({
      amount_paid: 1500,
      billing_reason: 'subscription_update',
      status: 'paid',
    });
  });

  test('begins a new period when the interval changes', async () => {
    const { stripe, customer, subscription, yearly } = await inMidMonth();
    const url = await open(stripe, customer.id);
    const wish = { subscription: subscription.id, price: yearly.id };
    const preview = await pageAt(url, { page: 'preview', ...wish });
    expect(preview).toContain('Charged now: £285.00');
    expect(preview).toContain('On 16 April 2028: £300.00');
    expect((await submit(url, { action: 'change_plan', ...wish })).status).toBe(303);
    expect(await pageAt(url)).toContain('Renews on 16 April 2028.');
  });

  test('lets a downgrade wait for the end of the period, and undoes it', async () => {
    const { stripe, customer, subscription, dearer, travel } = await inMidMonth();
    const cheaper = await priceOf(stripe, 1000, 'month');
    const configuration = await offering(stripe, [cheaper, dearer], {
      proration_behavior: 'always_invoice',
      schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }] },
    });
    const url = await open(stripe, customer.id, { configuration });
    const about = { subscription: subscription.id };
    const preview = await pageAt(url, { page: 'preview', ...about, price: cheaper.id });
    expect(preview).toContain('Your plan changes on 1 May 2027. Nothing is charged today.');
    const change = () => submit(url, { action: 'change_plan', ...about, price: cheaper.id });
    expect(await followed(await change())).toContain(
      'Changes to Professional, £10.00 / month on 1 May 2027.',
    );
    const waiting = await stripe.subscriptions.retrieve(subscription.id);
    expect(waiting.items.data[0]?.price.unit_amount).toBe(3000);
    expect(waiting.schedule).toMatch(/^sub_sched_/);
    expect(await followed(await submit(url, { action: 'keep_plan', ...about }))).toContain(
      'Your plan will not change.',
    );
    expect((await stripe.subscriptions.retrieve(subscription.id)).schedule).toBeNull();
    await change();
    travel('2027-05-01T02:00:00Z');
    const changed = await stripe.subscriptions.retrieve(subscription.id);
    expect(changed.items.data[0]?.price.id).toBe(cheaper.id);
    const [renewal] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(renewal).toMatchObject({ status: 'paid', total: 1000 });
  });

  test('replaces a change that waits by another one', async () => {
    const { stripe, customer, subscription, dearer } = await inMidMonth();
    const cheaper = await priceOf(stripe, 1000, 'month');
    const configuration = await offering(stripe, [cheaper, dearer], {
      schedule_at_period_end: { conditions: [{ type: 'decreasing_item_amount' }] },
    });
    const url = await open(stripe, customer.id, { configuration });
    const about = { action: 'change_plan', subscription: subscription.id };
    await submit(url, { ...about, price: cheaper.id });
    expect((await submit(url, { ...about, price: dearer.id })).status).toBe(303);
    const changed = await stripe.subscriptions.retrieve(subscription.id);
    expect(changed).toMatchObject({ schedule: null, items: { data: [{ price: { id: dearer.id } }] } });
  });

  test('takes a promotion code', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const coupon = await stripe.coupons.create({ percent_off: 50, duration: 'forever' });
    await stripe.promotionCodes.create({ code: 'HALF', promotion: { type: 'coupon', coupon: coupon.id } });
    const url = await open(stripe, customer.id);
    const about = { subscription: subscription.id };
    const wrong = await fetch(
      `${url}?${new URLSearchParams({ page: 'preview', ...about, promotion_code: 'NONE' }).toString()}`,
    );
    expect(wrong.status).toBe(400);
    expect(await wrong.text()).toContain('This code is invalid.');
    const preview = await pageAt(url, { page: 'preview', ...about, promotion_code: 'half' });
    expect(preview).toContain('On 1 May 2027: £15.00');
    await submit(url, { action: 'change_plan', ...about, promotion_code: 'half' });
    const { discounts } = await stripe.subscriptions.retrieve(subscription.id, { expand: ['discounts'] });
    expect(discounts).toMatchObject([{ source: { coupon: coupon.id } }]);
  });

  test('lets the quantity change within its bounds', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const [item] = subscription.items.data;
    if (!item) throw new Error('The subscription has no item.');
    const product = String(item.price.product);
    const configuration = await offering(stripe, [], {
      default_allowed_updates: ['quantity'],
      products: [
        { product, prices: [item.price.id], adjustable_quantity: { enabled: true, minimum: 1, maximum: 5 } },
      ],
    });
    const url = await open(stripe, customer.id, { configuration });
    const about = { action: 'change_plan', subscription: subscription.id };
    const tooMany = await submit(url, { ...about, quantity: '6' });
    expect(tooMany.status).toBe(400);
    expect(await tooMany.text()).toContain('The quantity must be between 1 and 5.');
    expect((await submit(url, { ...about, quantity: 'many' })).status).toBe(400);
    expect((await submit(url, { ...about, quantity: '3' })).status).toBe(303);
    expect((await stripe.subscriptions.retrieve(subscription.id)).items.data[0]?.quantity).toBe(3);
  });

  test('refuses what is not offered', async () => {
    const { stripe, customer, subscription, dearer, yearly } = await inMidMonth();
    const configuration = await offering(stripe, [dearer]);
    const url = await open(stripe, customer.id, { configuration });
    const about = { action: 'change_plan', subscription: subscription.id };
    const cases: [Record<string, string>, string][] = [
      [{ price: yearly.id }, 'This plan is not offered.'],
      [{ price: 'price_none' }, 'This plan is not offered.'],
      [{}, 'This is your plan already.'],
      [{ price: dearer.id, quantity: '2' }, 'The quantity of this plan cannot be changed here.'],
      [{ price: dearer.id, promotion_code: 'HALF' }, 'This code is invalid.'],
      [{ subscription: 'sub_none' }, 'There is no such subscription.'],
    ];
    for (const [fields, message] of cases) {
      const response = await submit(url, { ...about, ...fields });
      expect(response.status).toBe(400);
      expect(await response.text()).toContain(message);
    }
    const unchanged = await stripe.subscriptions.retrieve(subscription.id);
    expect(unchanged.items.data[0]?.price.unit_amount).toBe(3000);
  });
});

describe('ending a subscription in the customer portal', () => {
  test('waits for the end of the period, keeps the reason, and can be taken back', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const url = await open(stripe, customer.id);
    const about = { subscription: subscription.id };
    const page = await pageAt(url, { page: 'cancel', ...about });
    expect(page).toContain('stays yours until 1 May 2027');
    expect(page).toContain('value="too_expensive"');
    const wrong = await submit(url, { action: 'cancel', ...about, feedback: 'low_quality' });
    expect(wrong.status).toBe(400);
    const reason = { feedback: 'too_expensive', comment: 'Too <dear>' };
    const canceled = await followed(await submit(url, { action: 'cancel', ...about, ...reason }));
    expect(canceled).toContain('Ends on 1 May 2027 and will not renew.');
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      cancel_at_period_end: true,
      cancellation_details: {
        comment: 'Too <dear>',
        feedback: 'too_expensive',
        reason: 'cancellation_requested',
      },
      status: 'active',
    });
    expect((await submit(url, { action: 'cancel', ...about })).status).toBe(400);
    const error = await refusal(
      stripe.billingPortal.sessions.create({
        customer: customer.id,
        flow_data: { type: 'subscription_cancel', subscription_cancel: about },
      }),
    );
    expect(error.message).toMatch(/already set to be canceled/);
    const resumed = await followed(await submit(url, { action: 'resume', ...about }));
    expect(resumed).toContain('Renews on 1 May 2027.');
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      cancel_at: null,
      cancel_at_period_end: false,
      cancellation_details: { reason: null },
    });
    expect((await submit(url, { action: 'resume', ...about })).status).toBe(400);
  });

  test('happens at once where the configuration says so', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const { id: configuration } = await stripe.billingPortal.configurations.create({
      features: {
        subscription_cancel: { enabled: true, mode: 'immediately', proration_behavior: 'create_prorations' },
      },
    });
    const url = await open(stripe, customer.id, { configuration });
    const about = { action: 'cancel', subscription: subscription.id };
    expect(await followed(await submit(url, about))).toContain('Your subscription is canceled.');
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({
      cancellation_details: { feedback: null, reason: 'cancellation_requested' },
      status: 'canceled',
    });
    const [credit] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(credit).toMatchObject({ total: -1500 });
    expect(await typesOf(stripe)).toContain('customer.subscription.deleted');
  });
});

describe('flows of the customer portal', () => {
  test('open on their page and end where they say', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const url = await open(stripe, customer.id, {
      flow_data: {
        type: 'subscription_cancel',
        subscription_cancel: { subscription: subscription.id },
        after_completion: { type: 'redirect', redirect: { return_url: RETURN_URL } },
      },
    });
    const page = await pageAt(url);
    expect(page).toContain('Cancel your subscription');
    expect(page).not.toContain('Back to billing');
    const answer = await submit(url, { action: 'cancel', subscription: subscription.id });
    expect(answer.status).toBe(303);
    expect(answer.headers.get('location')).toBe(RETURN_URL);
  });

  test('confirm the change that they were made for, and no other', async () => {
    const { stripe, customer, subscription, dearer, yearly } = await inMidMonth();
    const coupon = await stripe.coupons.create({ amount_off: 1000, currency: 'gbp', duration: 'once' });
    const [item] = subscription.items.data;
    const url = await open(stripe, customer.id, {
      flow_data: {
        type: 'subscription_update_confirm',
        subscription_update_confirm: {
          discounts: [{ coupon: coupon.id }],
          items: [{ id: item?.id ?? '', price: dearer.id }],
          subscription: subscription.id,
        },
        after_completion: {
          type: 'hosted_confirmation',
          hosted_confirmation: { custom_message: 'Enjoy <b>it</b>' },
        },
      },
    });
    const page = await pageAt(url);
    expect(page).toContain('Confirm your new plan');
    expect(page).toContain('On 1 May 2027: £60.00');
    const form = { action: 'change_plan', subscription: subscription.id, price: yearly.id };
    expect(await followed(await submit(url, form))).toContain('Enjoy &lt;b&gt;it&lt;/b&gt;');
    const changed = await stripe.subscriptions.retrieve(subscription.id);
    expect(changed.items.data[0]?.price.id).toBe(dearer.id);
    expect(changed.discounts).toHaveLength(1);
  });

  test('choose a plan, or update a card or the details', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const opened = async (flow_data: Stripe.BillingPortal.SessionCreateParams.FlowData) =>
      pageAt(await open(stripe, customer.id, { flow_data }));
    expect(
      await opened({
        type: 'subscription_update',
        subscription_update: { subscription: subscription.id },
      }),
    ).toContain('Change your plan');
    expect(await opened({ type: 'payment_method_update' })).toContain('Update your card');
    expect(await opened({ type: 'customer_update' })).toContain('Your details');
  });
});

const CARD = { action: 'update_card', exp: '12/40', cvc: '123' };
const DECLINED_LATER = '4000000000000341';
const ASKS_ALWAYS = '4000002760003184';

/** Answers the bank's question that a form led to, and goes back. */
async function answerBank(asked: Response, action: 'confirm' | 'fail'): Promise<Response> {
  expect(asked.status).toBe(303);
  const question = new URL(asked.headers.get('location') ?? '', asked.url);
  expect(question.pathname).toMatch(/^\/authenticate\//);
  const answer = await submit(question.href, { action });
  const back = new URL(answer.headers.get('location') ?? '', answer.url);
  return fetch(back);
}

describe('the card of the customer portal', () => {
  test('is saved and pays from then on', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const url = await open(stripe, customer.id);
    const types = await typesDuring(stripe, async () => {
      const answer = await submit(url, { ...CARD, card_number: '5555555555554444' });
      expect(await followed(answer)).toContain('Mastercard •••• 4444, expires 12/2040, used by default');
    });
    expect(types).toEqual([
      'setup_intent.created',
      'payment_method.attached',
      'setup_intent.succeeded',
      'customer.updated',
      'customer.subscription.updated',
    ]);
    const { default_payment_method: method } = await stripe.subscriptions.retrieve(subscription.id);
    expect(await stripe.paymentMethods.retrieve(String(method))).toMatchObject({ card: { last4: '4444' } });
    expect(await stripe.customers.retrieve(customer.id)).toMatchObject({
      invoice_settings: { default_payment_method: method },
    });
  });

  test('is refused when it is mistyped, declined or not to be changed', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const url = await open(stripe, customer.id);
    const mistyped = await submit(url, { ...CARD, card_number: '4242' });
    expect([mistyped.status, await mistyped.text()]).toEqual([
      400,
      expect.stringContaining('Your card number is invalid.'),
    ]);
    const declined = await submit(url, { ...CARD, card_number: '4000000000000002' });
    expect([declined.status, await declined.text()]).toEqual([
      402,
      expect.stringContaining('Your card was declined.'),
    ]);
    const configuration = await stripe.billingPortal.configurations.create({
      features: { payment_method_update: { enabled: false } },
    });
    const closed = await open(stripe, customer.id, { configuration: configuration.id });
    expect((await submit(closed, { ...CARD, card_number: '4242424242424242' })).status).toBe(400);
    const unchanged = await stripe.subscriptions.retrieve(subscription.id);
    expect(unchanged.default_payment_method).toBe(subscription.default_payment_method);
  });

  test('pays after its bank was satisfied, and not before', async () => {
    const { stripe, customer, subscription } = await inMidMonth();
    const url = await open(stripe, customer.id);
    const save = () => submit(url, { ...CARD, card_number: ASKS_ALWAYS });
    const refused = await answerBank(await save(), 'fail');
    expect([refused.status, await refused.text()]).toEqual([
      402,
      expect.stringContaining('authentication failed'),
    ]);
    const { default_payment_method: old } = await stripe.subscriptions.retrieve(subscription.id);
    expect(old).toBe(subscription.default_payment_method);
    const confirmed = await answerBank(await save(), 'confirm');
    expect(await confirmed.text()).toContain('Your card was saved and will be used from now on.');
    const { default_payment_method: method } = await stripe.subscriptions.retrieve(subscription.id);
    expect(await stripe.paymentMethods.retrieve(String(method))).toMatchObject({ card: { last4: '3184' } });
  });

  test('that fails leaves the plan as it was', async () => {
    const { stripe, customer, subscription, dearer } = await inMidMonth();
    const configuration = await offering(stripe, [dearer], { proration_behavior: 'always_invoice' });
    const url = await open(stripe, customer.id, { configuration });
    await submit(url, { ...CARD, card_number: DECLINED_LATER });
    const form = { action: 'change_plan', subscription: subscription.id, price: dearer.id };
    const answer = await submit(url, form);
    const page = await answer.text();
    expect(answer.status).toBe(402);
    expect(page).toContain('Your card was declined.');
    expect(page).toContain('Confirm your new plan');
    const unchanged = await stripe.subscriptions.retrieve(subscription.id);
    expect(unchanged).toMatchObject({ status: 'active', latest_invoice: subscription.latest_invoice });
    expect(unchanged.items.data[0]?.price.unit_amount).toBe(3000);
  });

  test('whose bank asks pays a change of plan after the answer', async () => {
    const { stripe, customer, subscription, dearer } = await inMidMonth();
    const configuration = await offering(stripe, [dearer], { proration_behavior: 'always_invoice' });
    const url = await open(stripe, customer.id, { configuration });
    await answerBank(await submit(url, { ...CARD, card_number: ASKS_ALWAYS }), 'confirm');
    const form = { action: 'change_plan', subscription: subscription.id, price: dearer.id };
    const back = await answerBank(await submit(url, form), 'confirm');
    expect(await back.text()).toContain('Your plan was changed.');
    const changed = await stripe.subscriptions.retrieve(subscription.id, { expand: ['latest_invoice'] });
    expect(changed).toMatchObject({
      status: 'active',
      latest_invoice: { status: 'paid', amount_paid: 1500 },
      items: { data: [{ price: { id: dearer.id } }] },
    });
  });

  test('whose bank must ask for a renewal pays it in the portal', async () => {
    const { stripe, customer, subscription, travel } = await inMidMonth();
    const first = await open(stripe, customer.id);
    await answerBank(await submit(first, { ...CARD, card_number: ASKS_ALWAYS }), 'confirm');
    travel('2027-05-01T02:00:00Z');
    const [invoice] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    expect(invoice).toMatchObject({ status: 'open' });
    const url = await open(stripe, customer.id);
    const pay = () => submit(url, { action: 'pay_invoice', invoice: String(invoice?.id) });
    const refused = await answerBank(await pay(), 'fail');
    expect(refused.status).toBe(402);
    await pay();
    const paid = await answerBank(await pay(), 'confirm');
    expect(await paid.text()).toContain('your payment was received');
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' });
  });

  test('is what a failed renewal waits for', async () => {
    const { stripe, customer, subscription, travel } = await inMidMonth();
    await submit(await open(stripe, customer.id), { ...CARD, card_number: DECLINED_LATER });
    travel('2027-05-01T02:00:00Z');
    const url = await open(stripe, customer.id);
    const failed = await pageAt(url);
    expect(failed).toContain('Past due');
    expect(failed).toContain('The last payment failed.');
    expect(failed).toContain('Pay £30.00 now');
    const [invoice] = (await stripe.invoices.list({ subscription: subscription.id })).data;
    const pay = { action: 'pay_invoice', invoice: String(invoice?.id) };
    const declined = await submit(url, pay);
    expect([declined.status, await declined.text()]).toEqual([
      402,
      expect.stringContaining('Your card was declined.'),
    ]);
    await submit(url, { ...CARD, card_number: '4242424242424242' });
    const paid = await followed(await submit(url, pay));
    expect(paid).toContain('your payment was received');
    expect(paid).toContain('Renews on 1 June 2027.');
    expect(await stripe.subscriptions.retrieve(subscription.id)).toMatchObject({ status: 'active' });
  });
});

test('the portal lives in the time of a customer with a test clock, its link in that of the sandbox', async () => {
  const { stripe } = await sandbox();
  const clock = await stripe.testHelpers.testClocks.create({ frozen_time: 1_806_537_600 });
  const price = await priceOf(stripe, 3000, 'month');
  const customer = await stripe.customers.create({
    payment_method: 'pm_card_visa',
    invoice_settings: { default_payment_method: 'pm_card_visa' },
    test_clock: clock.id,
  });
  const { id } = await stripe.subscriptions.create({
    customer: customer.id,
    items: [{ price: price.id }],
    trial_period_days: 14,
  });
  const url = await open(stripe, customer.id);
  expect(await pageAt(url)).toContain('Trial until 15 April 2027');
  await stripe.testHelpers.testClocks.advance(clock.id, { frozen_time: 1_810_425_600 });
  expect(await pageAt(url)).toContain('Renews on 15 June 2027.');
  await submit(url, { action: 'cancel', subscription: id });
  expect(await pageAt(url)).toContain('Ends on 15 June 2027 and will not renew.');
  expect(await stripe.subscriptions.retrieve(id)).toMatchObject({ canceled_at: 1_810_425_600 });
});
