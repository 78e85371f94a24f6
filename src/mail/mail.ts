import { z } from 'zod';
import { invalid } from '../core/errors.ts';

/** One mail to one person, in plain text. */
export interface Mail {
  /** Names this mail: however often it is sent under its id, it arrives once (as far as the provider keeps ids). */
  readonly id: string;
  readonly to: string;
  readonly subject: string;
  readonly text: string;
}

export interface Mailer {
  /** False while this installation sends no mail: then `send` throws, and what only offers mail should not offer it. */
  readonly isConfigured: boolean;
  /**
   * Hands the mail to the provider; resolved, it is the provider's to deliver. To send it again after a failure is
   * safe under the same id and with the same content.
   * @throws `mail_not_configured` where no provider is configured
   * @throws `mail_invalid` for an address, subject or id that is none
   * @throws {MailFault} when the provider did not take it; `isPassing` says whether it may later
   */
  send(mail: Mail): Promise<void>;
}

/** One address and nothing beside it: no name, no second address, no line break. */
export const mailAddress = z.email({ pattern: z.regexes.html5Email, error: 'must be one address' }).max(254);

/** A line break in what becomes a header would begin a header of the sender's choice. */
const mailSchema = z.object({
  id: z.string().regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters'),
  to: mailAddress,
  subject: z.string().regex(/^\P{Cc}{1,200}$/u, 'must be one line of 1 to 200 characters'),
  text: z.string().min(1, 'must not be empty'),
});

/** @throws `mail_invalid`, which names what is wrong and repeats none of it */
export function checkMail(mail: Mail): void {
  const { error } = mailSchema.safeParse(mail);
  if (error === undefined) return;
  throw invalid(
    'mail_invalid',
    'The mail cannot be sent as it is.',
    error.issues.map(({ path, message }) => ({
      pointer: `/${path.join('/')}`,
      code: 'mail_invalid',
      detail: message,
    })),
  );
}
