import { z } from 'zod';
import { mailAddress } from './mail.ts';

/** Whom mails come from. */
export interface Sender {
  readonly address: string;
  readonly name: string | undefined;
}

export interface MailSettings {
  readonly from: Sender;
  /** Undefined: mails go out by the binding EMAIL. */
  readonly provider: { readonly url: string; readonly key: string } | undefined;
}

const loopback: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];

const providerUrl = z
  .url({ protocol: /^https?$/, error: 'must be an https URL', abort: true })
  .refine((value) => {
    const { protocol, hostname, username, password } = new URL(value);
    return (protocol === 'https:' || loopback.includes(hostname)) && username === '' && password === '';
  }, 'must be an https URL without a user in it (http only for this machine)');

/** A name of words: what means something in a header would have to be quoted. */
const named = /^([^\p{Cc},;:@"<>()[\]\\]{1,100}) <([^<>]+)>$/u;

const sender = z
  .string()
  .transform((value): Sender => {
    const [, name, address = value] = named.exec(value) ?? [];
    return { address, name };
  })
  .refine(({ address }) => mailAddress.safeParse(address).success, 'must be an address, or Name <address>');

/** The variables of mail, for env.ts. */
export const mailVariables = {
  MAIL_API_URL: providerUrl.optional(),
  MAIL_API_KEY: z
    .string()
    .regex(/^[\x21-\x7e]+$/, 'must be a key of the mail provider')
    .optional(),
  MAIL_FROM: sender.optional(),
};

interface MailValues {
  readonly MAIL_API_URL?: string | undefined;
  readonly MAIL_API_KEY?: string | undefined;
  readonly MAIL_FROM?: Sender | undefined;
}

export function mailSettings(values: MailValues): MailSettings | undefined {
  const { MAIL_API_URL: url, MAIL_API_KEY: key, MAIL_FROM: from } = values;
  if (from === undefined) return undefined;
  return { from, provider: url === undefined || key === undefined ? undefined : { url, key } };
}

/** Variables that the others need beside them: mail that is half configured would be mail that nobody gets. */
export function missingMailVariables(env: Readonly<Record<string, unknown>>): readonly string[] {
  const isSet = (name: string) => env[name] !== undefined;
  const needed = [
    ...(isSet('MAIL_API_URL') ? ['MAIL_API_KEY', 'MAIL_FROM'] : []),
    ...(isSet('MAIL_API_KEY') ? ['MAIL_API_URL', 'MAIL_FROM'] : []),
  ];
  return [...new Set(needed)].filter((name) => !isSet(name));
}
