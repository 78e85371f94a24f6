/** Whose customers the data are. */
export const dataIssuer = 'https://ledger-data.test';

/**
 * As a UUID (version 8, of nobody in particular), what a text names: rows refer to each other without looking each other
 * up. Source: https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-8
 */
export const named = (text: string) =>
  `overlay(overlay(md5(${text}) placing '8' from 13) placing '8' from 17)::uuid`;

interface Numbers {
  readonly customers: number;
  readonly former: number;
}

const ofPlan = {
  customer_id: 'id',
  stripe_subscription_id: "'sub_data' || n",
  offer_id: '(select year from sold)',
};
const period = { period_start: 'begun', period_end: 'ended' };
const money = { currency: "'GBP'", amount_minor: '2900' };

/** Columns of each table, of which each former customer has a row. */
const formerRows: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  customers: {
    id: 'id',
    issuer: `'${dataIssuer}'`,
    subject: "'customer-' || n",
    email: "'person' || n || '@example.com'",
    stripe_customer_id: "'cus_data' || n",
    created_at: 'begun',
  },
  subscriptions: {
    ...ofPlan,
    stripe_item_id: "'si_data' || n",
    status: "'canceled'",
    started_at: 'begun',
    current_period_start: 'begun',
    current_period_end: 'ended',
    ended_at: 'ended',
  },
  payments: {
    ...ofPlan,
    ...period,
    ...money,
    id: named(`'invoice ' || n`),
    stripe_invoice_id: "'in_data_' || n",
    paid_at: 'begun',
  },
  grant_schedules: {
    ...ofPlan,
    ...period,
    payment_id: named(`'invoice ' || n`),
    source_ref: "'il_data_' || n",
  },
  grant_schedule_changes: {
    ...ofPlan,
    period_end: 'ended',
    source_ref: "'il_change_' || n",
    since: 'begun',
    credits: '100',
  },
  auto_top_ups: {
    customer_id: 'id',
    is_enabled: 'false',
    threshold: '100',
    package_id: '(select package_id from prices where id = (select package from sold))',
    monthly_cap_minor: '5000',
  },
  top_ups: {
    customer_id: 'id',
    offer_id: '(select package from sold)',
    ...money,
    status: "'paid'",
    stripe_payment_intent_id: "'pi_top_up_' || n",
    lease_until: 'ended',
    created_at: 'begun',
  },
  customer_notices: {
    customer_id: 'id',
    notice_type: "'credits.low'",
    data: "'{}'",
    created_at: 'ended',
  },
};

/** Statements that make customers after the first ones, within a transaction that knows the offers as `sold`. */
export function formerCustomers({ customers, former }: Numbers): readonly string[] {
  return [
    `create temp table gone on commit drop as
     select n, ${named(`'customer ' || n`)} as id, at as begun, at + interval '1 year' as ended
     from generate_series(${customers + 1}, ${customers + former}) as n
     cross join lateral (select now() - interval '3 years' + interval '1 minute' * n as at) as came`,
    ...Object.entries(formerRows).map(
      ([table, columns]) =>
        `insert into ${table} (${Object.keys(columns).join(', ')}) select ${Object.values(columns).join(', ')} from gone`,
    ),
  ];
}
