/** What a request meets instead of a normal answer. */
export type MailboxFault =
  | 'none'
  /** An error; no mail is taken. 429 is too many at once. */
  | { readonly status: number }
  /** The mail is taken, then the connection is reset. */
  | 'lose-answer'
  /** No mail and no answer. */
  | 'hang';

export interface MailboxRequest {
  /** The Idempotency-Key. */
  readonly id: string | undefined;
  /** 1 for the first request. */
  readonly sequence: number;
}

/** Decides for each request what it meets. */
export type MailboxFaultRule = (request: MailboxRequest) => MailboxFault;
