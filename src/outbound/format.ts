import type { ToldEvent } from './delivery-schemas.ts';
import { describeEvent, type Description } from './format-words.ts';

/** Slack cuts longer messages off somewhere. */
const slackCharacters = 3000;
/** As long as a mail's subject may be. */
const subjectCharacters = 200;

/** The body of Standard Webhooks: the same to the byte, however often an event is sent. */
export function standardBody({ type, occurredAt, data }: ToldEvent): string {
  return JSON.stringify({ type, timestamp: occurredAt, data });
}

/**
 * A message for an incoming webhook of Slack's: one line.
 * @see https://docs.slack.dev/messaging/sending-messages-using-incoming-webhooks
 */
export function slackBody(event: ToldEvent): string {
  const { mood, title, facts, time } = describeEvent(event);
  const said = [facts.map(([name, value]) => `${name} ${value}`).join(', '), time].filter(Boolean).join('; ');
  const line = `${icons[mood]} *${escaped(title)}*${said === '' ? '' : `: ${escaped(said)}`}`;
  return JSON.stringify({ text: cut(line, slackCharacters) });
}

export function mailContent(event: ToldEvent): { readonly subject: string; readonly text: string } {
  const { title, facts, time } = describeEvent(event);
  const lines = [
    title,
    ...(facts.length === 0 ? [] : ['', ...facts.map(([name, value]) => `${name}: ${value}`)]),
    '',
    ...(time === '' ? [] : [time]),
    `event ${event.id}, ${event.occurredAt}`,
  ];
  return { subject: cut(title, subjectCharacters), text: `${lines.join('\n')}\n` };
}

const icons = {
  bad: ':rotating_light:',
  good: ':white_check_mark:',
  plain: ':bell:',
} as const satisfies Record<Description['mood'], string>;

/**
 * What means something in Slack's text: nobody is mentioned, and nothing linked, by what an event has in it.
 * @see https://docs.slack.dev/messaging/formatting-message-text#escaping
 */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Whole characters, and no half of an escaped one. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  const kept = text.slice(0, length - 1).replace(/&[a-z]*$|[\uD800-\uDBFF]$/, '');
  return `${kept}…`;
}
