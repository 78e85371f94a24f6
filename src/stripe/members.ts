import { z } from 'zod';

/** Members that many of Stripe's objects have, checked and made ours. */

export const id = z.string().min(1);

/** A reference comes as an id, or as the object itself where it was expanded. */
export const reference = z.union([id, z.object({ id }).transform((object) => object.id)]);

/** Unix seconds, up to the end of the year 9999, the last that ISO 8601 writes in four digits. */
export const moment = z
  .int()
  .min(0)
  .max(253_402_300_799)
  .transform((seconds) => new Date(seconds * 1000));
