/** Deeper than any claim that means something. */
const maximumDepth = 16;

/** Strings and what makes structure: all that a scan of valid JSON has to look at. */
const lexemes = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/g;

/** An object or a list that the scan is in; a list has no names. */
interface Level {
  readonly names: Set<string> | undefined;
}

/**
 * The members of a JSON object (RFC 8259) that was decoded strictly, or undefined for anything that two readers could understand in two ways:
 * members of one name at any depth, text that is no Unicode or has a NUL in it, and nesting without an end.
 */
export function readStrictObject(json: string): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    return undefined;
  }
  return isObject(value) && isUnambiguous(json) ? value : undefined;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Of JSON that was parsed: what it says is then known to be well formed. */
function isUnambiguous(json: string): boolean {
  const levels: Level[] = [];
  let text: string | undefined;
  for (const [lexeme] of json.matchAll(lexemes)) {
    if (lexeme.startsWith('"')) {
      text = textOf(lexeme);
      if (text === undefined) return false;
    } else if (lexeme === ':') {
      const names = levels.at(-1)?.names;
      if (text === undefined || names === undefined || names.has(text)) return false;
      names.add(text);
    } else if (lexeme === '{' || lexeme === '[') {
      levels.push({ names: lexeme === '{' ? new Set() : undefined });
      if (levels.length > maximumDepth) return false;
    } else if (lexeme !== ',') {
      levels.pop();
    }
  }
  return true;
}

/** Only an escape can bring in what is no text: JSON takes no bare NUL, and who decoded it no half of a character. */
function textOf(literal: string): string | undefined {
  if (!literal.includes('\\')) return literal.slice(1, -1);
  const text: unknown = JSON.parse(literal);
  if (typeof text !== 'string' || !text.isWellFormed() || text.includes('\u0000')) return undefined;
  return text;
}
