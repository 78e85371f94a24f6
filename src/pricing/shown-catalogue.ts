import { pricePerCredit } from '../core/money.ts';
import { offerAt, type Catalogue, type Offer } from './items.ts';

/**
 * The public lists at an instant: items with an offer on sale, in their order. An offer that was scheduled ahead comes
 * up at its time without anybody writing anything.
 */
export function shownCatalogue({ plans, packages }: Catalogue, now: Date) {
  return {
    plans: Object.fromEntries(
      onSale(plans, now).map(([plan, offer]) => [
        plan.key,
        {
          name: plan.name,
          ...shownOffer(offer),
          interval: plan.interval,
          rollover_cap: plan.rollover_cap,
          features: plan.features,
          sort_order: plan.sort_order,
        },
      ]),
    ),
    packages: Object.fromEntries(
      onSale(packages, now).map(([item, offer]) => [
        item.key,
        {
          name: item.name,
          ...shownOffer(offer),
          description: item.description,
          price_per_credit: pricePerCredit(offer.price, offer.credits),
          ...(item.badge === null ? {} : { badge: item.badge }),
          sort_order: item.sort_order,
        },
      ]),
    ),
  };
}

function shownOffer({ price_id, price, currency, credits }: Offer) {
  return { price_id, price, currency, credits };
}

function onSale<Item extends { readonly offers: readonly Offer[] }>(items: readonly Item[], now: Date) {
  return items.flatMap((item) => {
    const offer = offerAt(item, now);
    return offer === undefined ? [] : [[item, offer] as const];
  });
}

/** When the lists change by themselves next; undefined: not as far as is known. */
export function nextFlip({ plans, packages }: Catalogue, now: Date): Date | undefined {
  const flips = [...plans, ...packages]
    .flatMap(({ offers }) => offers.flatMap(({ valid_from, valid_to }) => [valid_from, valid_to]))
    .filter((moment) => moment !== null)
    .map((moment) => Date.parse(moment))
    .filter((time) => time > now.getTime());
  return flips.length === 0 ? undefined : new Date(Math.min(...flips));
}
