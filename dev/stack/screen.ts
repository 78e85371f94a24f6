import { totpOf } from '../../src/identity/totp.ts';
import type { DemoUsers } from './demo.ts';

/** What `npm run dev` has started, and where. */
export interface RunningStack {
  readonly worker: string;
  readonly shop: string;
  readonly stripe: string | null;
  /** Where the mails are shown; null: they are really sent. */
  readonly mailbox: string | null;
  readonly database: string;
  /** Who can sign in. */
  readonly people: DemoUsers;
  readonly workerLog: string;
  /** Whether requests are limited, as in production. */
  readonly isLimited: boolean;
  /** Why the API serves nothing, if it does not. */
  readonly refusal: string | undefined;
  readonly stackFile: string;
}

/** One short screen: what runs where, what to copy, what to click. */
export function screen(stack: RunningStack): string {
  const rows: readonly (readonly [string, string])[] = [
    ['API', stack.worker],
    ['API documentation', `${stack.worker}/docs`],
    ['Demo shop', `${stack.shop}  (click through a checkout; card 4242 4242 4242 4242)`],
    [
      'Stripe',
      stack.stripe === null ? 'the account of STRIPE_SECRET_KEY' : `${stack.stripe}/_sandbox  (sandbox)`,
    ],
    ['Mail', stack.mailbox ?? 'sent by MAIL_API_URL'],
    ['Database', stack.database],
    ['Worker log', stack.workerLog],
    [
      'Rate limits',
      stack.isLimited
        ? 'as in production: 30 public and 100 other requests a minute, 5 sign-ins (RATE_LIMITS=off npm run dev: none)'
        : 'off (RATE_LIMITS)',
    ],
  ];
  return [
    '',
    stack.refusal === undefined ? 'Ratecard is running.' : `Ratecard refuses to serve. ${stack.refusal}`,
    '',
    ...rows.map(([name, value]) => `  ${name.padEnd(18)} ${value}`),
    '',
    ...signInLines(stack.people),
    '',
    'Try:',
    '',
    `  curl ${stack.worker}/payment/plans`,
    '',
    `  curl -X PATCH ${stack.worker}/admin/pricing/plans/starter_monthly \\`,
    `    -H "Authorization: Bearer $(npm run -s token -- --role admin)" \\`,
    `    -H 'Content-Type: application/json' -d '{"price": 149, "reason": "new year"}'`,
    '',
    `  curl -X POST ${stack.worker}/payment/purchase-credits \\`,
    `    -H "Authorization: Bearer $(npm run -s token -- --role customer)" \\`,
    `    -H 'Content-Type: application/json' -d '{"package": "credits_2500"}'`,
    '',
    'Come in as somebody whom another issuer vouches for:',
    '',
    `  curl ${stack.worker}/credits/balance \\`,
    `    -H "Authorization: Bearer $(npm run -s token -- --issuer outside --subject somebody)"`,
    '',
    'Be told by mail of what happens to credits:',
    '',
    `  curl -X POST ${stack.worker}/admin/endpoints \\`,
    `    -H "Authorization: Bearer $(npm run -s token -- --role admin)" \\`,
    `    -H 'Content-Type: application/json' -d '{"url": "mailto:you@example.com", "event_types": ["credits.*"]}'`,
    '',
    'See what Stripe has told, and have what failed tried again:',
    '',
    '  npm run webhooks -- list --status failed,dead',
    '',
    `Tokens and addresses for scripts are in ${stack.stackFile}. Ctrl-C stops everything.`,
    '',
  ].join('\n');
}

/** Who can sign in, and by what. */
function signInLines({ customer, admin }: DemoUsers): readonly string[] {
  if (admin.totp_secret === null)
    return ['Make yourself an admin: npm run admin:create -- --email you@example.com'];
  return [
    'Sign in (docs/identity.md):',
    '',
    `  ${customer.email}  password ${customer.password}`,
    `  ${admin.email}     password ${admin.password}, and the code that \`npm run -s code\` prints, or an app:`,
    `  ${totpOf(admin.totp_secret, admin.email).toString()}`,
  ];
}
