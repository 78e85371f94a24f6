import { z } from 'zod';

/** A name that is compared to the letter. Text that Postgres and JSON can carry: no NUL, no lone surrogate. */
export function exactText(maximumLength: number) {
  return z
    .string()
    .min(1)
    .max(maximumLength)
    .refine((value) => value.isWellFormed() && !value.includes('\u0000'), {
      error: 'must not contain NUL or unpaired surrogates',
    });
}

/** Text for people to read: trimmed, and then not empty. */
export function text(maximumLength: number) {
  return z.string().trim().pipe(exactText(maximumLength));
}

const customerNames = 'Its `sub`, its id here, or its id at Stripe (`cus_…`).';

/** How staff names the customer whose account it looks after. */
export const customerName = exactText(255).meta({ description: customerNames });

/** How a request names the customer that it acts for. */
export const customerReference = exactText(255).meta({
  description: `${customerNames} A service must name one, a customer must not.`,
});

/** The key of a plan, a package or an operation: lower-case words joined by underscores. */
export const itemKey = z
  .string()
  .regex(/^[a-z0-9][a-z0-9_]{0,62}$/)
  .meta({ description: 'Lower-case letters, digits and underscores, 1 to 63 characters.' });

/** An amount of money in the currency's minor unit (pence, cents). Stripe takes up to eight digits. */
export const minorUnits = z.int().min(0).max(99_999_999);

/** ISO 4217, upper case. Stripe knows which of them it can charge. */
export const currencyCode = z.string().regex(/^[A-Z]{3}$/);

/** A number of credits that a JavaScript number holds exactly. */
export const creditAmount = z.int().min(0).max(1_000_000_000_000);

/** ISO 8601 in UTC, with the `Z`. */
export const timestamp = z.iso.datetime();

/** An instant that Postgres knows too, to the millisecond. */
export const instant = timestamp
  .refine((value) => Date.parse(value) >= 0, 'must not be before 1970')
  .transform((value) => new Date(value).toISOString());

export const uuid = z.uuid();

/** How many entries of a list one answer carries. */
export const pageLimit = z.coerce
  .string()
  .regex(/^[1-9][0-9]{0,2}$/)
  .transform(Number)
  .pipe(z.int().min(1).max(100));
