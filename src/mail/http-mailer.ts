import { z } from 'zod';
import { codeIn, MailFault } from './errors.ts';
import { checkMail, type Mail, type Mailer } from './mail.ts';
import type { Sender } from './settings.ts';

const answerMilliseconds = 10_000;

export interface HttpProvider {
  readonly url: string;
  readonly key: string;
  readonly from: Sender;
  readonly timeoutMilliseconds?: number;
}

/**
 * Sends by a provider that takes `POST {from, to, subject, text}` with a bearer key and an `Idempotency-Key`.
 * @see https://resend.com/docs/api-reference/emails/send-email
 */
export function createHttpMailer(provider: HttpProvider): Mailer {
  return {
    isConfigured: true,
    async send(mail) {
      checkMail(mail);
      const answer = await post(provider, mail);
      if (answer.status < 200 || answer.status > 299) throw faultOf(answer.status, answer.code);
    },
  };
}

async function post(
  { url, key, from, timeoutMilliseconds = answerMilliseconds }: HttpProvider,
  { id, to, subject, text }: Mail,
): Promise<{ readonly status: number; readonly code: string | undefined }> {
  const sender = from.name === undefined ? from.address : `${from.name} <${from.address}>`;
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${key}`,
        'Content-Type': 'application/json',
        'Idempotency-Key': id,
      },
      body: JSON.stringify({ from: sender, to: [to], subject, text }),
      // The key is for this address, and for none that it points to.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMilliseconds),
    });
    return { status: response.status, code: codeOf(await response.text()) };
  } catch {
    // What it threw may quote the request.
    throw new MailFault('no_answer');
  }
}

const refusal = z.object({ name: z.string() });

function codeOf(body: string): string | undefined {
  try {
    return codeIn(refusal.safeParse(JSON.parse(body)).data?.name);
  } catch {
    return undefined;
  }
}

function faultOf(status: number, code: string | undefined): MailFault {
  // Under the same id the mail is just being sent. (Any other conflict is another mail under this id.)
  const isBusy = status === 409 && code === 'concurrent_idempotent_requests';
  const isPassing = isBusy || status === 408 || status === 429 || status >= 500;
  return new MailFault(isPassing ? 'unavailable' : 'refused', { status, code });
}
