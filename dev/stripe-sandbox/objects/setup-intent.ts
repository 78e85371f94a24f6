import type { Context } from '../state/context.ts';
import { newId, randomText } from '../state/ids.ts';
import type { ObjectTypes } from '../state/wire.ts';

type SetupIntent = ObjectTypes['setup_intent'];

/** An intent to save a payment method without paying anything now. */
export function newSetupIntent(context: Context, settings: Partial<SetupIntent>): SetupIntent {
  const id = newId('seti_1');
  return {
    id,
    object: 'setup_intent',
    allowed_payment_method_types: null,
    application: null,
    automatic_payment_methods: { allow_redirects: 'always', enabled: true },
    cancellation_reason: null,
    client_secret: `${id}_secret_${randomText(25)}`,
    created: context.now(),
    customer: null,
    customer_account: null,
    description: null,
    excluded_payment_method_types: null,
    flow_directions: null,
    last_setup_error: null,
    // The sandbox keeps no setup attempts and no mandates.
    latest_attempt: null,
    livemode: false,
    managed_payments: null,
    mandate: null,
    metadata: {},
    next_action: null,
    on_behalf_of: null,
    payment_method: null,
    payment_method_configuration_details: null,
    payment_method_options: {
      card: { mandate_options: null, network: null, request_three_d_secure: 'automatic' },
    },
    payment_method_types: ['card', 'bacs_debit', 'sepa_debit'],
    single_use_mandate: null,
    status: 'requires_payment_method',
    usage: 'off_session',
    ...settings,
  };
}
