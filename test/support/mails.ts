import { eventually } from './eventually.ts';
import type { TestWorker } from './worker.ts';

/** The subjects of what an address was sent, the oldest first. */
export function subjectsTo({ mailbox }: TestWorker, address: string): readonly string[] {
  return mailbox.mails().flatMap(({ to, subject }) => (to.includes(address) ? [subject] : []));
}

/** Waits for a link of this purpose that an address is sent, behind `skip` others. Answers its token. */
export async function linkTo(
  { mailbox }: TestWorker,
  address: string,
  purpose: string,
  skip = 0,
): Promise<string> {
  const pattern = new RegExp(`https://ratecard\\.test/auth/link#purpose=${purpose}&token=(\\S+)`);
  let token: string | undefined;
  await eventually(`${address} is sent a link to ${purpose}`, () => {
    const mails = mailbox.mails().filter(({ to }) => to.includes(address));
    token = mails.flatMap(({ text }) => pattern.exec(text)?.[1] ?? [])[skip];
    return token !== undefined;
  });
  return token ?? '';
}
