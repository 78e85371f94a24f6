import { randomUUID } from 'node:crypto';
import { z } from 'zod';

const sentMail = z.strictObject({
  from: z.string().min(1),
  to: z.array(z.string().min(1)).min(1).max(50),
  subject: z.string(),
  text: z.string(),
});

export interface ReceivedMail extends z.output<typeof sentMail> {
  /** The Idempotency-Key that it came with; null: it came without one. */
  readonly id: string | null;
  readonly received_at: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

interface Submission {
  readonly authorization: string | undefined;
  readonly id: string | undefined;
  readonly body: string;
}

/**
 * Takes mails as Resend does (https://resend.com/docs/api-reference/emails/send-email, …/errors) and keeps them. An
 * Idempotency-Key is good for one mail: its repetition gets the same answer, and another mail under it is refused.
 */
export class MailProvider {
  readonly #apiKey: string;
  readonly #mails: ReceivedMail[] = [];
  readonly #byId = new Map<string, { readonly content: string; readonly answer: Answer }>();

  constructor(apiKey: string) {
    this.#apiKey = apiKey;
  }

  /** The oldest first. */
  mails(): readonly ReceivedMail[] {
    return [...this.#mails];
  }

  submit({ authorization, id, body }: Submission): Answer {
    if (!authorization) return refusal(401, 'missing_api_key', 'Missing API key');
    if (authorization !== `Bearer ${this.#apiKey}`) {
      return refusal(403, 'invalid_api_key', 'API key is invalid');
    }
    if (id !== undefined && (id === '' || id.length > 256)) {
      return refusal(400, 'invalid_idempotency_key', 'The key must be between 1-256 chars');
    }
    const mail = sentMail.safeParse(parseJson(body));
    if (!mail.success) return refusal(422, 'validation_error', z.prettifyError(mail.error));
    return this.#take(mail.data, id);
  }

  #take(mail: z.output<typeof sentMail>, id: string | undefined): Answer {
    const content = JSON.stringify(mail);
    const before = id === undefined ? undefined : this.#byId.get(id);
    if (before?.content === content) return before.answer;
    if (before !== undefined) {
      return refusal(409, 'invalid_idempotent_request', 'Same idempotency key used with another payload');
    }
    const answer = { status: 200, body: { id: randomUUID() } };
    this.#mails.push({ id: id ?? null, received_at: new Date().toISOString(), ...mail });
    if (id !== undefined) this.#byId.set(id, { content, answer });
    return answer;
  }
}

/** An error in the provider's form. */
export function refusal(statusCode: number, name: string, message: string): Answer {
  return { status: statusCode, body: { statusCode, name, message } };
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}
