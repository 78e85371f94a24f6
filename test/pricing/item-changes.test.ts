import { describe, expect, test } from 'vitest';
import { changesOf, type ChangeRequest } from '../../src/pricing/item-changes.ts';
import { offerAt, type Offer, type PackageItem } from '../../src/pricing/items.ts';
import { nextFlip } from '../../src/pricing/shown-catalogue.ts';

const now = new Date('2026-06-01T12:00:00.000Z');
const later = '2026-07-01T00:00:00.000Z';

function offer(price: number, valid_from: string, valid_to: string | null): Offer {
  return {
    offer_id: `offer ${price}`,
    price_id: null,
    price,
    currency: 'GBP',
    credits: 10,
    valid_from,
    valid_to,
  };
}

function item(...offers: readonly Offer[]): PackageItem {
  const written = '2026-01-01T00:00:00.000Z';
  return {
    type: 'package',
    id: 'id',
    key: 'credits',
    name: 'Credits',
    description: null,
    badge: null,
    sort_order: 0,
    is_active: true,
    version: 1,
    stripe_product_id: null,
    created_at: written,
    updated_at: written,
    offers,
  };
}

const onSale = item(offer(100, '2026-01-01T00:00:00.000Z', null));
const rising = item(offer(100, '2026-01-01T00:00:00.000Z', later), offer(150, later, null));

function request(more: Partial<ChangeRequest>): ChangeRequest {
  return { fields: {}, terms: {}, startsAt: undefined, ...more };
}

describe('the changes of a request', () => {
  test('only what differs is one', () => {
    const {
      changes,
      fields,
      offer: published,
    } = changesOf(onSale, request({ fields: { name: 'Credits', badge: 'New' }, terms: { price: 100 } }), now);
    expect(fields).toEqual({ badge: 'New' });
    expect(published).toBeUndefined();
    expect(changes).toEqual([
      { field: 'badge', old_value: null, new_value: 'New', effective_from: now.toISOString() },
    ]);
  });

  test('terms are compared with, and taken from, the offer that holds when they begin', () => {
    const { changes, offer: published } = changesOf(
      rising,
      request({ terms: { price: 100 }, startsAt: later }),
      now,
    );
    expect(changes).toEqual([{ field: 'price', old_value: 150, new_value: 100, effective_from: later }]);
    expect(published).toEqual({ terms: { price: 100, currency: 'GBP', credits: 10 }, startsAt: later });
    expect(changesOf(rising, request({ terms: { price: 150 }, startsAt: later }), now).offer).toBeUndefined();
  });

  test('where no offer holds, all terms are needed', () => {
    const terms = { price: 1, currency: 'EUR', credits: 2 };
    expect(changesOf(item(), request({ terms }), now).changes.map(({ old_value }) => old_value)).toEqual([
      null,
      null,
      null,
    ]);
    expect(() => changesOf(item(), request({ terms: { price: 1 } }), now)).toThrow(
      expect.objectContaining({ code: 'terms_incomplete' }),
    );
  });
});

test('an offer holds from its first instant until just before its last', () => {
  const before = new Date(Date.parse(later) - 1);
  expect(offerAt(rising, before)?.price).toBe(100);
  expect(offerAt(rising, new Date(later))?.price).toBe(150);
  expect(offerAt(rising, new Date('2025-01-01T00:00:00Z'))).toBeUndefined();
});

test('the lists flip next when an offer begins or ends', () => {
  const catalogue = { version: 1, plans: [], packages: [rising] };
  expect(nextFlip(catalogue, now)).toEqual(new Date(later));
  expect(nextFlip(catalogue, new Date(later))).toBeUndefined();
});
