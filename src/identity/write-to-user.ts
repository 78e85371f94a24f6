import { DomainError } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { MailFault, type Mail, type Mailer } from '../mail/index.ts';
import type { MailText } from './mail-texts.ts';

/** How long it is waited before each further try: what follows an answer is given half a minute. */
const waitsMilliseconds = [500, 2000, 5000];

/** @throws `mail_not_configured` where what is asked for is worth nothing without a mail, whoever asks */
export function requireMail({ mail }: Pick<Deps, 'mail'>): void {
  if (mail.isConfigured) return;
  throw new DomainError('unavailable', 'mail_not_configured', 'This installation sends no mail.');
}

/**
 * Sends a mail after the answer, where mail is configured and there is an address. A try that failed in passing is made
 * again under the same id, so that it arrives once; what fails for good is logged.
 */
export function writeLater(
  deps: Pick<Deps, 'mail' | 'later'>,
  to: string | null,
  { subject, text }: MailText,
): void {
  if (to === null || !deps.mail.isConfigured) return;
  const mail = { id: `account-${crypto.randomUUID()}`, to, subject, text };
  deps.later('account_mail', ({ mail: mailer }) => send(mailer, mail));
}

async function send(mailer: Mailer, mail: Mail): Promise<void> {
  for (const wait of waitsMilliseconds) {
    try {
      return await mailer.send(mail);
    } catch (error) {
      if (!(error instanceof MailFault) || !error.isPassing) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
  return mailer.send(mail);
}
