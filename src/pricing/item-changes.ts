import { invalid } from '../core/errors.ts';
import { offerAt, type Item, type ItemFields, type Offer, type Terms } from './items.ts';

/** What an admin asks to be different. What is undefined stays as it is. */
export interface ChangeRequest {
  readonly fields: ItemFields;
  readonly terms: { readonly [Term in keyof Terms]?: Terms[Term] | undefined };
  /** From when the terms hold; undefined: at once. */
  readonly startsAt: string | undefined;
}

/** One line of the diff; the history gets one row for each. */
export interface FieldChange {
  readonly field: string;
  readonly old_value: unknown;
  readonly new_value: unknown;
  readonly effective_from: string;
}

export interface ItemChanges {
  readonly changes: readonly FieldChange[];
  /** The fields of the item that differ. */
  readonly fields: ItemFields;
  /** The terms of the offer to publish; undefined when they stay. */
  readonly offer: { readonly terms: Terms; readonly startsAt: string | null } | undefined;
}

/**
 * What a request changes of an item as it is. Terms that the request leaves out are taken from the offer that holds
 * when the new one begins.
 * @throws DomainError `invalid_body` for a start that {@link expectFuture} refuses, `terms_incomplete` when no offer holds then and the request leaves some out
 */
export function changesOf(item: Item, request: ChangeRequest, now: Date): ItemChanges {
  const fields = Object.fromEntries(
    Object.entries(request.fields).filter(
      ([field, value]) => value !== undefined && !isSame(value, Reflect.get(item, field)),
    ),
  );
  expectFuture(request.startsAt, now);
  const startsAt = request.startsAt === undefined ? now : new Date(request.startsAt);
  const before = offerAt(item, startsAt);
  const terms = termsOf(request, before);
  const fieldChanges = Object.entries(fields).map(([field, value]) => ({
    field,
    old_value: Reflect.get(item, field) as unknown,
    new_value: value,
    effective_from: now.toISOString(),
  }));
  const termChanges =
    terms === undefined
      ? []
      : termNames
          .filter((term) => terms[term] !== before?.[term])
          .map((term) => ({
            field: term,
            old_value: before?.[term] ?? null,
            new_value: terms[term],
            effective_from: startsAt.toISOString(),
          }));
  return {
    changes: [...fieldChanges, ...termChanges],
    fields,
    offer:
      terms === undefined || termChanges.length === 0
        ? undefined
        : { terms, startsAt: request.startsAt ?? null },
  };
}

const scheduledYearsAtMost = 5;

/** Throws when an offer is to start in the past, or later than anybody plans. */
export function expectFuture(startsAt: string | undefined, now: Date): void {
  if (startsAt === undefined) return;
  const latest = new Date(now);
  latest.setUTCFullYear(latest.getUTCFullYear() + scheduledYearsAtMost);
  const start = new Date(startsAt);
  if (start > now && start <= latest) return;
  throw invalid('invalid_body', 'The offer cannot start at this time.', [
    {
      pointer: '/valid_from',
      code: 'out_of_range',
      detail: `must be in the future, by ${scheduledYearsAtMost} years at most`,
    },
  ]);
}

const termNames = ['price', 'currency', 'credits'] as const satisfies readonly (keyof Terms)[];

/** Undefined when the request says nothing of terms. */
function termsOf({ terms }: ChangeRequest, before: Offer | undefined): Terms | undefined {
  if (termNames.every((term) => terms[term] === undefined)) return undefined;
  const { price = before?.price, currency = before?.currency, credits = before?.credits } = terms;
  if (price !== undefined && currency !== undefined && credits !== undefined) {
    return { price, currency, credits };
  }
  throw invalid(
    'terms_incomplete',
    'No offer holds at that time from which the other terms could be taken: give price, currency and credits.',
    termNames
      .filter((term) => ({ price, currency, credits })[term] === undefined)
      .map((term) => ({ pointer: `/${term}`, code: 'required', detail: 'no other offer to take it from' })),
  );
}

/** Values of columns are texts, numbers, booleans, null, and lists of texts. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}
