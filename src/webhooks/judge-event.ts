import { malformed } from '../core/errors.ts';
import type { Config } from '../env.ts';
import { isPinnedRelease, type StripeEvent } from '../stripe/index.ts';
import { handlerOf } from './handlers.ts';

/** Throws `wrong_livemode` for an event of test mode at a live installation, or the other way round. */
export function expectOurMode(config: Config, event: StripeEvent): void {
  if (event.livemode === config.stripe.livemode) return;
  throw malformed('wrong_livemode', 'The event is of the other mode (live or test) than this installation.');
}

/** Why an event is kept without being processed, whatever its version; null for one that is to be processed. */
export function reasonToIgnoreAnyway(event: StripeEvent): 'other_account' | 'no_handler' | null {
  if (event.account !== undefined && event.account !== null) return 'other_account';
  return handlerOf(event.type) === undefined ? 'no_handler' : null;
}

/** The same for a delivery, whose object has the shape of the version that it was made for. */
export function reasonToIgnore(event: StripeEvent): 'other_account' | 'api_version' | 'no_handler' | null {
  return reasonToIgnoreAnyway(event) ?? (isPinnedRelease(event.api_version) ? null : 'api_version');
}
