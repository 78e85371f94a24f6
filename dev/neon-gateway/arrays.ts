/**
 * Postgres' array text (https://www.postgresql.org/docs/current/arrays.html#ARRAYS-IO), both ways. The driver
 * does this itself; only plain HTTP clients send JSON arrays or ask for values as JSON.
 */
import { GatewayError } from './errors.ts';

/** A JSON parameter in Postgres' text format, as Neon's proxy converts it. */
export function toPostgresText(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? arrayText(value) : JSON.stringify(value);
}

function arrayText(elements: readonly unknown[]): string {
  return `{${elements.map(elementText).join(',')}}`;
}

function elementText(element: unknown): string {
  if (element === null) return 'NULL';
  if (Array.isArray(element)) return arrayText(element);
  // JSON's escapes of quote and backslash are the ones an array takes; an object goes in as quoted text.
  return typeof element === 'object' ? JSON.stringify(JSON.stringify(element)) : JSON.stringify(element);
}

/** One element: quoted with backslash escapes, or bare up to a delimiter. */
const ELEMENT = /"((?:[^"\\]|\\.)*)"|([^{},"]+)/sy;

/**
 * Turns an array's text into a JSON array's text.
 * @param elementJson gives the JSON text of one element that is not NULL
 */
export function arrayToJson(text: string, elementJson: (element: string) => string): string {
  // Bounds such as `[0:2]=` have no place in JSON.
  let position = text.startsWith('[') ? text.indexOf('=') + 1 : 0;

  const readElement = (): string => {
    ELEMENT.lastIndex = position;
    const match = ELEMENT.exec(text);
    if (!match) throw new GatewayError(500, 'could not parse postgres response');
    position = ELEMENT.lastIndex;
    const [, quoted, bare = ''] = match;
    if (quoted !== undefined) return elementJson(quoted.replaceAll(/\\(.)/gs, '$1'));
    return bare === 'NULL' ? 'null' : elementJson(bare);
  };

  const readArray = (): string => {
    const items: string[] = [];
    position += 1;
    while (text[position] !== '}') {
      items.push(text[position] === '{' ? readArray() : readElement());
      if (text[position] === ',') position += 1;
    }
    position += 1;
    return `[${items.join(',')}]`;
  };

  return readArray();
}
