import { conflict, unavailable, type DomainError } from '../core/errors.ts';
import { presentOffer } from './schemas.ts';

/** The Price to sell an offer by. Throws `offer_not_synced` while it is not at Stripe yet. */
export function priceToSellBy(stripePriceId: string | null): string {
  if (stripePriceId === null) {
    throw unavailable('offer_not_synced', 'This price is not at Stripe yet; try again in a minute.');
  }
  return stripePriceId;
}

interface ShownOffer {
  readonly stripePriceId: string | null;
  readonly amountMinor: number;
  readonly currency: string;
  readonly credits: number;
  readonly interval: 'month' | 'year' | null;
}

/** The customer was shown another price than the present one, which is told. */
export function priceChanged(offer: ShownOffer): DomainError {
  const current = presentOffer.parse({
    price_id: offer.stripePriceId,
    price: offer.amountMinor,
    currency: offer.currency,
    credits: offer.credits,
    interval: offer.interval,
  });
  return conflict('price_changed', 'The price that was shown is no longer on sale.', { current });
}
