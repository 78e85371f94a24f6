import type Stripe from 'stripe';
import { countCall, type Usage } from '../core/usage.ts';
import { faultOf, fromStripeError, isMissing, isSpentName } from './errors.ts';

/** How often a creation is named anew because Stripe no longer takes its old name. */
const namesPerCreation = 3;

/** Asks Stripe under an idempotency key. */
export type Ask<T> = (options: Stripe.RequestOptions) => Promise<T>;

/** How the gateway asks: counting calls, with errors of ours. */
export interface Asking {
  call<T>(ask: () => Promise<T>): Promise<T>;
  /** Creates under a name that Stripe keeps. */
  create<T>(name: string, ask: Ask<T>): Promise<T>;
  /** Undefined for what this account does not have. */
  find<T>(ask: () => Promise<T>): Promise<T | undefined>;
}

export function askStripe(usage: Usage): Asking {
  async function call<T>(ask: () => Promise<T>): Promise<T> {
    const started = performance.now();
    let fault: string | undefined;
    try {
      return await ask();
    } catch (error) {
      const known = fromStripeError(error);
      fault = faultOf(known);
      throw known;
    } finally {
      countCall(usage, started, fault);
    }
  }

  return {
    call,
    create: async (name, ask) => call(async () => createNamed(name, ask)),
    find: async (ask) => {
      try {
        return await call(ask);
      } catch (error) {
        if (isMissing(error)) return undefined;
        throw error;
      }
    },
  };
}

/**
 * Stripe keeps an idempotency key, its parameters and its answer (a 500 too) for a day. A creation that the key stands
 * in the way of goes on under another name; what the first try may have left at Stripe is referred to by nothing.
 */
async function createNamed<T>(name: string, ask: Ask<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await ask({ idempotencyKey: attempt === 1 ? name : `${name}:${attempt}` });
    } catch (error) {
      if (attempt === namesPerCreation || !isSpentName(error)) throw error;
    }
  }
}
