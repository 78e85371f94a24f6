import { DescribedFault } from '../core/log.ts';

export type MailTrouble =
  /** It has not answered in time, or the answer was lost: the mail may be on its way. */
  | 'no_answer'
  /** It answered that it cannot now: too many at once, or trouble of its own. */
  | 'unavailable'
  /** It does not take this mail, this key or this sender. */
  | 'refused';

/** The provider did not take a mail. Neither the address nor the text is told. */
export class MailFault extends DescribedFault {
  override readonly name = 'MailFault';
  readonly trouble: MailTrouble;
  readonly status: number | undefined;
  /** The provider's own name for it. */
  readonly code: string | undefined;

  constructor(trouble: MailTrouble, details: { status?: number; code?: string | undefined } = {}) {
    super(`the mail provider: ${[trouble, details.status, details.code].filter(Boolean).join(' ')}`);
    this.trouble = trouble;
    this.status = details.status;
    this.code = details.code;
  }

  /** True when the same mail may be taken later as it is. */
  get isPassing(): boolean {
    return this.trouble !== 'refused';
  }

  override describe() {
    return { mail: this.trouble, mail_status: this.status, mail_code: this.code };
  }
}

/** Codes of providers are names; anything else, which may quote the mail, stays unsaid. */
export function codeIn(code: unknown): string | undefined {
  return typeof code === 'string' && /^[A-Za-z][A-Za-z0-9_]{0,63}$/.test(code) ? code : undefined;
}
