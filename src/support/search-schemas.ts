import { z } from 'zod';
import { exactText, pageLimit, timestamp, uuid } from '../core/schema.ts';

export const customersQuery = z.strictObject({
  search: exactText(320).optional().meta({
    description:
      'The beginning of an e-mail address, whatever its case; or a whole subject, id here, or id at Stripe (`cus_`, `sub_`, `pi_`, `in_`, `cs_`).',
  }),
  limit: pageLimit.default(20).meta({ description: 'Customers on a page, 1 to 100.' }),
  cursor: z
    .string()
    .max(200)
    .optional()
    .meta({ description: '`next_cursor` of the page before, unchanged.' }),
});
export type CustomersQuery = z.output<typeof customersQuery>;

const customer = z
  .strictObject({
    id: uuid,
    issuer: z.string(),
    subject: z.string(),
    email: z.string().nullable(),
    name: z.string().nullable(),
    stripe_customer_id: z.string().nullable(),
    created_at: timestamp,
  })
  .meta({ id: 'Customer', description: 'Who pays: known by issuer and subject.' });

export const customersAnswer = z.strictObject({
  success: z.literal(true),
  customers: z.array(customer),
  count: z.int().meta({ description: 'Customers on this page.' }),
  next_cursor: z.string().nullable().meta({ description: 'Null on the last page.' }),
});
