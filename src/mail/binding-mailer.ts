import { codeIn, MailFault } from './errors.ts';
import { checkMail, type Mailer } from './mail.ts';
import type { Sender } from './settings.ts';

const answerMilliseconds = 10_000;

/** Cloudflare's binding, as far as it is used. */
export interface EmailBinding {
  send(message: {
    from: string | { name: string; email: string };
    to: string;
    subject: string;
    text: string;
    headers: Record<string, string>;
  }): Promise<unknown>;
}

/** Errors that pass: https://developers.cloudflare.com/email-service/api/send-emails/workers-api/#error-codes */
const passing: readonly string[] = [
  'E_RATE_LIMIT_EXCEEDED',
  'E_DAILY_LIMIT_EXCEEDED',
  'E_DELIVERY_FAILED',
  'E_INTERNAL_SERVER_ERROR',
];

/**
 * Sends by Cloudflare's Email Service. It has no idempotency key: a mail that is sent again because the answer was lost
 * arrives twice, both with its id in `X-Ratecard-Mail-Id`.
 */
export function createBindingMailer(
  binding: EmailBinding,
  from: Sender,
  timeoutMilliseconds = answerMilliseconds,
): Mailer {
  return {
    isConfigured: true,
    async send(mail) {
      checkMail(mail);
      const { id, to, subject, text } = mail;
      const sender = from.name === undefined ? from.address : { name: from.name, email: from.address };
      const headers = { 'X-Ratecard-Mail-Id': id };
      const sending = binding.send({ from: sender, to, subject, text, headers }).catch((error: unknown) => {
        throw faultOf(error);
      });
      await within(timeoutMilliseconds, sending);
    },
  };
}

/** The binding's errors have a `code`; their messages may quote the mail. */
function faultOf(error: unknown): MailFault {
  const code = codeIn(
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined,
  );
  if (code === undefined) return new MailFault('no_answer');
  return new MailFault(passing.includes(code) ? 'unavailable' : 'refused', { code });
}

async function within(milliseconds: number, work: Promise<unknown>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new MailFault('no_answer')), milliseconds);
  });
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
