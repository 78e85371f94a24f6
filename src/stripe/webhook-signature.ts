import Stripe from 'stripe';
import { malformed } from '../core/errors.ts';
import { event, type StripeEvent } from './schemas.ts';

/** Stripe's own tolerance, which the SDK applies to the past alone; here it holds both ways. */
const toleranceSeconds = 300;

export interface SignedDelivery {
  /** The body as it came, byte for byte. */
  readonly payload: string;
  /** The header `Stripe-Signature`. */
  readonly signature: string | undefined;
}

/**
 * The event in a delivery that Stripe signed with one of our secrets. Throws `invalid_signature`, or `not_an_event`
 * for signed content that is no v1 event: the SDK accepts any signed JSON, thin v2 events excepted, and any time in
 * the future.
 * Source: https://docs.stripe.com/webhooks#verify-manually
 */
export async function readSignedEvent(
  sdk: Stripe,
  delivery: SignedDelivery,
  secrets: readonly string[],
  now: Date,
): Promise<StripeEvent> {
  const { payload, signature } = delivery;
  if (signature === undefined || !isRecent(signature, now)) throw refused();
  for (const secret of secrets) {
    const content = await readSigned(sdk, payload, signature, secret, now);
    if (content !== undefined) return readEvent(content);
  }
  throw refused();
}

/** The event in a payload that {@link readSignedEvent} has let through before. */
export function readStoredEvent(payload: string): StripeEvent {
  return event.parse(JSON.parse(payload));
}

/** The signed content; undefined when this secret did not sign it. */
async function readSigned(
  sdk: Stripe,
  payload: string,
  signature: string,
  secret: string,
  now: Date,
): Promise<unknown> {
  try {
    return await sdk.webhooks.constructEventAsync(
      payload,
      signature,
      secret,
      toleranceSeconds,
      subtleCrypto,
      now.getTime(),
    );
  } catch (error) {
    if (error instanceof Stripe.errors.StripeSignatureVerificationError) return undefined;
    // Signed, but the SDK cannot read it: a thin v2 event, or no JSON at all.
    return null;
  }
}

const subtleCrypto = Stripe.createSubtleCryptoProvider();

/** One time, and not among several the one that suits: of those the SDK takes the last. */
function isRecent(signature: string, now: Date): boolean {
  const [time = '', ...others] = signature.split(',').filter((part) => part.trim().startsWith('t='));
  const seconds = Number(/^t=(\d{1,12})$/.exec(time)?.[1]);
  return others.length === 0 && Math.abs(now.getTime() / 1000 - seconds) <= toleranceSeconds;
}

/** The event in content whose origin is vouched for. Throws `not_an_event`. */
export function readEvent(content: unknown): StripeEvent {
  const parsed = event.safeParse(content);
  if (!parsed.success) throw malformed('not_an_event', 'The content is not a v1 event of Stripe.');
  return parsed.data;
}

function refused() {
  return malformed(
    'invalid_signature',
    'The Stripe-Signature header does not belong to this body, or is too old.',
  );
}
