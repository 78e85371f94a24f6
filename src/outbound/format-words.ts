import type { ToldEvent } from './delivery-schemas.ts';

/** An event in words for people: single lines, with nothing in them that would begin another. */
export interface Description {
  readonly mood: 'bad' | 'good' | 'plain';
  readonly title: string;
  /** Names and values, in the order of the event. */
  readonly facts: readonly (readonly [name: string, value: string])[];
  /** Since when, or from when until when; empty where that says nothing. */
  readonly time: string;
}

const valueCharacters = 300;

export function describeEvent(event: ToldEvent): Description {
  switch (event.type) {
    case 'alert.opened':
      return { ...describeAlert(event, 'Alert opened'), mood: 'bad' };
    case 'alert.closed':
      return { ...describeAlert(event, 'Alert closed'), mood: 'good' };
    default:
      return describeOther(event);
  }
}

function describeAlert({ data }: ToldEvent, what: string): Omit<Description, 'mood'> {
  const { kind, subject, details, opened_at: openedAt, closed_at: closedAt } = data;
  const about = valueOf(subject);
  const opened = instantOf(openedAt);
  const closed = instantOf(closedAt);
  return {
    title: `${what}: ${words(valueOf(kind))}${about === '' ? '' : ` (${about})`}`,
    facts: isMembers(details) ? factsOf(details) : [],
    time: closed === '' ? `since ${opened}` : `from ${opened} until ${closed}`,
  };
}

function describeOther({ type, data }: ToldEvent): Description {
  const { customer, ...members } = data;
  const subject = isMembers(customer) ? valueOf(customer['subject']) : '';
  return {
    mood: 'plain',
    title: subject === '' ? type : `${type} for ${subject}`,
    facts: factsOf(members),
    time: '',
  };
}

function factsOf(members: Readonly<Record<string, unknown>>): Description['facts'] {
  return Object.entries(members)
    .map(([name, value]) => [words(name), valueOf(value)] as const)
    .filter(([, value]) => value !== '');
}

function words(name: string): string {
  return name.replaceAll('_', ' ');
}

/** Empty where there is nothing. */
function valueOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  const text = Array.isArray(value) ? value.map(valueOf).join(' ') : textOf(value);
  const line = text.replaceAll(/[\p{Cc}\s]+/gu, ' ').trim();
  return line.length > valueCharacters ? `${line.slice(0, valueCharacters)}…` : line;
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** To the minute, as people read it. */
function instantOf(value: unknown): string {
  const milliseconds = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(milliseconds)) return '';
  return `${new Date(milliseconds).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
