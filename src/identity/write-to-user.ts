import type { Deps } from '../deps.ts';
import type { MailText } from './mail-texts.ts';

/** Sends a mail after the answer, where mail is configured and there is an address; a failure is logged. */
export function writeLater(
  deps: Pick<Deps, 'mail' | 'later'>,
  to: string | null,
  { subject, text }: MailText,
): void {
  if (to === null || !deps.mail.isConfigured) return;
  const mail = { id: `account-${crypto.randomUUID()}`, to, subject, text };
  deps.later('account_mail', ({ mail: mailer }) => mailer.send(mail));
}
