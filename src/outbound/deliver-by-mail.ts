import { DomainError } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { MailFault } from '../mail/index.ts';
import { failure, type Reply } from './delivery-reply.ts';
import type { ToldEvent } from './delivery-schemas.ts';
import { mailRecipient } from './endpoint-address.ts';
import { mailContent } from './format.ts';

/**
 * Sends a mail under an id of the delivery's: however often that is tried, it arrives once. A replay has an id of its
 * own, or the provider, which remembers the other one, would send nothing.
 */
export async function deliverByMail(
  { mail }: Pick<Deps, 'mail'>,
  url: string,
  mailId: string,
  event: ToldEvent,
): Promise<Reply> {
  const to = mailRecipient(url);
  if (to === undefined) return failure('address_not_allowed');
  try {
    await mail.send({ id: mailId, to, ...mailContent(event) });
    return { statusCode: null, error: null, waitSeconds: null };
  } catch (error) {
    if (error instanceof DomainError) return failure(error.code);
    if (error instanceof MailFault) {
      const { trouble, status, code } = error;
      return { ...failure(['mail', trouble, code].filter(Boolean).join(' ')), statusCode: status ?? null };
    }
    throw error;
  }
}
