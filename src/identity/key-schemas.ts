import { z } from 'zod';
import { customerScopes, scopes } from '../core/scopes.ts';
import { customerName, exactText, pageLimit, text, timestamp, uuid } from '../core/schema.ts';

/** Requests and answers of /auth/api-keys and /admin/api-keys. */

export const keyScope = z.enum(scopes);
const keyName = text(100).meta({ description: 'For people: what it is for.' });
const keyDays = z
  .int()
  .min(1)
  .max(365)
  .default(90)
  .meta({ description: 'After how many days it ends by itself, 1 to 365.' });

function listOf<Scope extends z.ZodType<string>>(scope: Scope) {
  return z
    .array(scope)
    .min(1)
    .max(50)
    .transform((list) => [...new Set(list)])
    .meta({ description: 'What it may do. `…:write` and `…:manage` include their `…:read`.' });
}

const customerScope = z.enum(customerScopes);

export const newOwnKey = z
  .strictObject({ name: keyName, scopes: listOf(customerScope), expires_in_days: keyDays })
  .meta({ id: 'NewApiKey' });

const base = { name: keyName, expires_in_days: keyDays };
export const newKeyByAdmin = z
  .discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('service'), ...base, scopes: listOf(keyScope) }),
    z.strictObject({
      kind: z.literal('customer'),
      ...base,
      scopes: listOf(customerScope),
      customer: customerName,
    }),
  ])
  .meta({ id: 'NewApiKeyByAdmin' });

export const keyRotation = z
  .strictObject({
    overlap_hours: z.int().min(0).max(24).default(24).meta({
      description: 'How long the old key goes on, at most. 0: it ends at once.',
    }),
    expires_in_days: keyDays,
  })
  .meta({ id: 'ApiKeyRotation' });

export const givenKey = z.strictObject({ key: exactText(200) });

const keyId = z
  .string()
  .regex(/^[0-9A-Za-z]{12}$/)
  .meta({ description: 'The part of the key that may be seen.' });
export const keyParameters = z.object({ id: keyId });

const pages = {
  limit: pageLimit.default(50).meta({ description: 'Keys on a page, 1 to 100.' }),
  cursor: exactText(200).optional().meta({ description: '`next_cursor` of the page before, unchanged.' }),
};
export const ownKeysQuery = z.strictObject(pages);
export const keysQuery = z.strictObject({
  ...pages,
  owner: uuid.optional().meta({ description: 'Only keys of this user.' }),
  customer: customerName.optional(),
});

const states = ['active', 'rotated', 'suspended', 'expired', 'revoked'] as const;

/** What is known of a key, with times as the database writes them or as they are answered. */
function keyWith<At extends z.ZodType>(at: At) {
  return z.strictObject({
    id: keyId,
    name: z.string(),
    scopes: z.array(z.string()),
    state: z.enum(states).meta({
      description:
        '`active`; `rotated`: another has taken its place, and it goes on until `expires_at`; `suspended`: its owner is not let in, or may have no such key any more; `expired`; `revoked`. The first two open what their scopes say.',
    }),
    created_at: at,
    expires_at: at,
    last_used_at: at.nullable().meta({ description: 'To the minute.' }),
    revoked_at: at.nullable(),
    replaced_by: keyId.nullable().meta({ description: 'The key that a rotation made.' }),
  });
}

function keyForAdminWith<At extends z.ZodType>(at: At) {
  return keyWith(at).extend({
    kind: z.enum(['customer', 'service']),
    owner: z
      .strictObject({ id: uuid, email: z.string().nullable() })
      .meta({ description: 'Who made it, or rotated it last: it does not outlive their account.' }),
    customer: z
      .strictObject({ id: uuid, issuer: z.string(), subject: z.string() })
      .nullable()
      .meta({ description: 'Whom it acts for; null for a service’s.' }),
  });
}

const moment = z.coerce.date().transform((date) => date.toISOString());

/** As key-queries.ts selects them. */
export const storedKey = keyForAdminWith(moment);
export type StoredKey = z.output<typeof storedKey>;

const success = z.literal(true);
const ownKey = keyWith(timestamp).meta({
  id: 'ApiKey',
  description: 'A key of a machine, without its secret.',
});
const key = keyForAdminWith(timestamp).meta({
  id: 'ApiKeyForAdmin',
  description: 'A key of a machine, without its secret, and whose it is.',
});
const secret = z.string().meta({ description: 'The key itself: shown this once.' });
const nextCursor = z.string().nullable().meta({ description: 'Null on the last page.' });

export const ownKeyAnswer = z.strictObject({ success, api_key: ownKey });
export const ownKeyMadeAnswer = z.strictObject({ success, api_key: ownKey, key: secret });
export const ownKeysAnswer = z.strictObject({ success, api_keys: z.array(ownKey), next_cursor: nextCursor });
export const keyAnswer = z.strictObject({ success, api_key: key });
export const keyMadeAnswer = z.strictObject({ success, api_key: key, key: secret });
export const keysAnswer = z.strictObject({ success, api_keys: z.array(key), next_cursor: nextCursor });

/** A key as its customer sees it. */
export function shownToCustomer(stored: StoredKey): z.input<typeof ownKey> {
  const { kind: _kind, owner: _owner, customer: _customer, ...shown } = stored;
  return shown;
}
