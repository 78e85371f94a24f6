import { refuseUnsupported } from '../api/errors.ts';
import type { Params } from '../api/parameters.ts';
import { defined, mergeMetadata, textOrNull, updatedText } from '../api/values.ts';
import { checkAddress } from '../api/web-address.ts';
import { newSetupIntent } from '../objects/setup-intent.ts';
import { add, change, type Context } from '../state/context.ts';
import type { ObjectTypes } from '../state/wire.ts';
import { asksToSave, refusalToSave } from '../banks/cards.ts';
import { docUrl } from '../banks/declines.ts';
import { checkStatus, unexpectedState } from './intent-state.ts';
import { attachMethod, markSetUp } from './keep-method.ts';
import { usableMethod } from './named-method.ts';
import { customerOr } from './named-customer.ts';
import { methodOfParams } from './payment-methods.ts';
import { authenticationUrl } from './pay-intent.ts';

type PaymentMethod = ObjectTypes['payment_method'];
type SetupIntent = ObjectTypes['setup_intent'];

const OPEN = ['requires_payment_method', 'requires_confirmation', 'requires_action'];
/** What Stripe takes and the sandbox does not play. */
const UNSUPPORTED = [
  'attach_to_self',
  'confirmation_token',
  'customer_account',
  'flow_directions',
  'on_behalf_of',
  'payment_method_configuration',
  'payment_method_options',
  'single_use',
];

/** A new setup intent (`setup_intent.created`), not confirmed yet. */
export function createSetupIntent(context: Context, params: Params<'setupIntentCreate'>): SetupIntent {
  refuseUnsupported(params, UNSUPPORTED);
  const customer = customerOr(context, params.customer, null);
  const method = methodOfParams(context, params, customer);
  const automatic = params.automatic_payment_methods;
  const status: SetupIntent['status'] = method ? 'requires_confirmation' : 'requires_payment_method';
  const settings = defined({
    allowed_payment_method_types: params.allowed_payment_method_types,
    automatic_payment_methods: automatic && {
      allow_redirects: automatic.allow_redirects ?? 'always',
      enabled: automatic.enabled,
    },
    customer,
    description: textOrNull(params.description),
    excluded_payment_method_types: params.excluded_payment_method_types,
    metadata: mergeMetadata({}, params.metadata),
    payment_method: method?.id ?? null,
    status,
    usage: params.usage,
  });
  return add(context, newSetupIntent(context, settings), 'setup_intent.created');
}

export function updateSetupIntent(
  context: Context,
  intent: SetupIntent,
  params: Params<'setupIntentUpdate'>,
): SetupIntent {
  refuseUnsupported(params, UNSUPPORTED);
  if (params.customer !== undefined || params.payment_method !== undefined) {
    checkStatus(intent, 'updated', OPEN);
  }
  const customer = customerOr(context, params.customer, intent.customer);
  const method = methodOfParams(context, params, customer);
  const patch = defined({
    customer,
    description: updatedText(params.description, undefined),
    metadata: mergeMetadata(intent.metadata ?? {}, params.metadata),
    payment_method: method?.id,
    status: method && ('requires_confirmation' as const),
  });
  return change(context, intent, patch);
}

/**
 * Confirms a setup intent: its bank may refuse or ask the buyer, or the customer
 * keeps the payment method. Returns the intent as it is then.
 */
export function confirmSetupIntent(
  context: Context,
  intent: SetupIntent,
  params: Params<'setupIntentConfirm'>,
): SetupIntent {
  refuseUnsupported(params, UNSUPPORTED);
  checkAddress(params.return_url, 'return_url');
  checkStatus(intent, 'confirmed', OPEN);
  const given = methodOfParams(context, params, intent.customer);
  const id = given?.id ?? intent.payment_method;
  if (id === null) {
    throw unexpectedState(
      intent,
      "You cannot confirm this SetupIntent because it's missing a payment method. Update the SetupIntent with a payment method and then confirm it again.",
    );
  }
  const method = usableMethod(context, id, intent.customer);
  return setUp(context, intent, method, { returnUrl: params.return_url ?? null });
}

/** What has to be known about the buyer of a card that is being saved. */
interface SetupAttempt {
  readonly authentication?: 'confirmed' | 'refused';
  readonly returnUrl?: string | null;
}

/** Tries to save a payment method for later payments. */
export function setUp(
  context: Context,
  intent: SetupIntent,
  method: PaymentMethod,
  attempt: SetupAttempt,
): SetupIntent {
  if (attempt.authentication === 'refused') {
    return fail(context, intent, {
      code: 'setup_intent_authentication_failure',
      message: 'The latest attempt to set up the payment method has failed because authentication failed.',
      payment_method: method,
      type: 'invalid_request_error',
    });
  }
  if (attempt.authentication === undefined && asksToSave(context.store, method)) {
    return askBuyer(context, intent, method, attempt.returnUrl ?? null);
  }
  const refusal = refusalToSave(context.store, method);
  if (refusal) {
    const { code, declineCode: decline_code, message } = refusal;
    return fail(context, intent, { code, decline_code, message, payment_method: method, type: 'card_error' });
  }
  if (intent.usage === 'off_session') markSetUp(context, method);
  const customer = context.store.get('customer', intent.customer ?? '');
  if (customer && method.customer === null) attachMethod(context, method, customer.id);
  const patch = {
    last_setup_error: null,
    next_action: null,
    payment_method: method.id,
    status: 'succeeded',
  } as const;
  return change(context, intent, patch, 'setup_intent.succeeded');
}

function askBuyer(
  context: Context,
  intent: SetupIntent,
  method: PaymentMethod,
  returnUrl: string | null,
): SetupIntent {
  const patch: Partial<SetupIntent> = {
    last_setup_error: null,
    next_action: {
      type: 'redirect_to_url',
      redirect_to_url: { return_url: returnUrl, url: authenticationUrl(context, intent.id) },
    },
    payment_method: method.id,
    status: 'requires_action',
  };
  return change(context, intent, patch, 'setup_intent.requires_action');
}

function fail(
  context: Context,
  intent: SetupIntent,
  error: NonNullable<SetupIntent['last_setup_error']> & { code: string },
): SetupIntent {
  const patch: Partial<SetupIntent> = {
    last_setup_error: { ...error, doc_url: docUrl(error.code) },
    next_action: null,
    payment_method: null,
    status: 'requires_payment_method',
  };
  return change(context, intent, patch, 'setup_intent.setup_failed');
}

/** Throws 400 when it is too late. */
export function cancelSetupIntent(
  context: Context,
  intent: SetupIntent,
  reason: SetupIntent['cancellation_reason'],
): SetupIntent {
  checkStatus(intent, 'canceled', OPEN);
  const patch: Partial<SetupIntent> = { cancellation_reason: reason, next_action: null, status: 'canceled' };
  return change(context, intent, patch, 'setup_intent.canceled');
}
