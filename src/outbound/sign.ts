import { Webhook } from 'standardwebhooks';

export interface SignedMessage {
  /** The event's: the same each time that it is sent. */
  readonly id: string;
  readonly body: string;
}

/**
 * The headers that a message is sent with, signed by each of the secrets (`whsec_…`), so that a receiver can verify it
 * by the one that it knows while another takes its place. The timestamp is the try's, and of the machine's time:
 * receivers refuse what is old by theirs.
 * @see https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function signedHeaders(
  secrets: readonly string[],
  { id, body }: SignedMessage,
  moment: Date,
): Readonly<Record<string, string>> {
  const signatures = secrets.map((secret) => new Webhook(secret).sign(id, moment, body));
  return {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(moment.getTime() / 1000)),
    'webhook-signature': signatures.join(' '),
  };
}
