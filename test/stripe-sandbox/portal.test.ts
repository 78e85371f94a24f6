import type Stripe from 'stripe';
import { describe, expect, test } from 'vitest';
import { eventsOf, payByCard, priceOf, refusal, sandbox, sessionFor, submit } from './support.ts';

const RETURN_URL = 'https://shop.example/account';
const PRODUCTS = 'features.subscription_update.products';

/** A customer with one monthly subscription of £24.90. */
async function subscriber(
  stripe: Stripe,
  price?: Stripe.Price,
): Promise<{ customer: Stripe.Customer; subscription: Stripe.Subscription }> {
  const customer = await stripe.customers.create({ email: 'jenny@example.com', name: 'Jenny Rosen' });
  const plan = price ?? (await priceOf(stripe, 2490, 'month'));
  await payByCard((await sessionFor(stripe, plan, { customer: customer.id })).url);
  const [subscription] = (await stripe.subscriptions.list({ customer: customer.id })).data;
  if (!subscription) throw new Error('There is no subscription.');
  return { customer, subscription };
}

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
    expect((await eventsOf(stripe)).map(({ type }) => type)).toContain(
      'billing_portal.configuration.created',
    );
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

  test('closes a day after it was opened, and to whom it does not know', async () => {
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

  test('does nothing that it does not know', async () => {
    const { stripe } = await sandbox();
    const { id } = await stripe.customers.create();
    const response = await submit(await open(stripe, id), { action: 'delete' });
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('Unknown action.');
  });
});

/** An open invoice over £12 that nobody has tried to collect. */
async function openInvoice(stripe: Stripe, customer: string): Promise<Stripe.Invoice> {
  await stripe.invoiceItems.create({ customer, amount: 1200, currency: 'gbp' });
  const draft = await stripe.invoices.create({
    customer,
    auto_advance: false,
    pending_invoice_items_behavior: 'include',
  });
  return stripe.invoices.finalizeInvoice(String(draft.id));
}

describe('paying in the customer portal', () => {
  test('collects an open invoice with the saved card', async () => {
    const { stripe } = await sandbox();
    const { customer, subscription } = await subscriber(stripe);
    const { id } = await openInvoice(stripe, customer.id);
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
    const { id } = await openInvoice(stripe, customer.id);
    const stranger = await stripe.customers.create();
    const url = await open(stripe, stranger.id);
    expect((await submit(url, { action: 'pay_invoice', invoice: String(id) })).status).toBe(400);
    const page = await fetch(`${url}?page=cancel&subscription=${subscription.id}`);
    expect(page.status).toBe(404);
    expect(await stripe.invoices.retrieve(String(id))).toMatchObject({ status: 'open' });
  });
});
