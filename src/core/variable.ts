import { z } from 'zod';

/** Texts that stand in examples and old code bases where a secret should stand. */
const placeholder =
  /your[-_ ]?(jwt[-_ ]?)?(secret|key)|change[-_ ]?(me|this|it|in)|replace[-_ ]?(me|this)|placeholder|secret[-_ ]?key|super[-_ ]?secret|example|insecure|default|password|<.*>/i;

/** identity rule: 32 characters at least, 10 of them distinct, and no known placeholder. */
export const signingSecret = z
  .string()
  .min(32, 'must have at least 32 characters')
  .refine((value) => new Set(value).size >= 10, 'must have at least 10 distinct characters')
  .refine((value) => !placeholder.test(value), 'is a placeholder, not a secret');

export const postgresUrl = z
  .string()
  .regex(/^postgres(ql)?:\/\/[^:@/]+:[^@/]+@[^/]+\/.+/, 'must be a postgres:// URL');

export const webUrl = z.url({ protocol: /^https?$/, error: 'must be an http(s) URL', abort: true });

/** Stands in for a service of the outside world in dev and test, where it listens on this machine alone. */
export const loopbackUrl = webUrl.refine(
  (value) => ['127.0.0.1', 'localhost', '[::1]'].includes(new URL(value).hostname),
  'must be an address of this machine',
);

/** A list in one variable: entries separated by commas. */
export const list = (entry: z.ZodType<string, string>) =>
  z
    .string()
    .transform((value) =>
      value
        .split(',')
        .map((part) => part.trim())
        .filter(Boolean),
    )
    .pipe(z.array(entry));
