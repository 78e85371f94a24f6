import { z } from 'zod';
import { exactText } from '../core/schema.ts';

/** Members that many of Stripe's objects have, checked and made ours. */

/** Of 255 characters at most, as Stripe promises; what the database cannot carry, or keep in an index, is none. */
export const id = exactText(255);

/** A reference comes as an id, or as the object itself where it was expanded. */
export const reference = z.union([id, z.object({ id }).transform((object) => object.id)]);

/** Unix seconds, up to the end of the year 9999, the last that ISO 8601 writes in four digits. */
export const moment = z
  .int()
  .min(0)
  .max(253_402_300_799)
  .transform((seconds) => new Date(seconds * 1000));
