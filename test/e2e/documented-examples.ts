/** A command of the documentation, and the answer that it shows behind it. */
export interface Example {
  readonly command: string;
  readonly answer: unknown;
}

/** The `sh` blocks of a page, each with the `json` block that follows it before the next command. */
export function examplesIn(markdown: string): readonly Example[] {
  const blocks = [...markdown.matchAll(/^```(sh|json)\n([\s\S]*?)^```$/gm)].map(
    ([, language, text = '']) => ({
      language,
      text,
    }),
  );
  return blocks.flatMap(({ language, text }, index) => {
    if (language !== 'sh') return [];
    const next = blocks[index + 1];
    return [{ command: text, answer: next?.language === 'json' ? JSON.parse(next.text) : undefined }];
  });
}

/** Where an answer lacks a member that the documentation shows, or has it with another type. */
export function differences(documented: unknown, answered: unknown, path = ''): readonly string[] {
  if (documented === null || answered === null) return [];
  if (kindOf(documented) !== kindOf(answered)) {
    return [`${path}: ${kindOf(documented)} is documented, ${kindOf(answered)} was answered`];
  }
  if (Array.isArray(documented) && Array.isArray(answered)) {
    return documented.length > 0 && answered.length > 0
      ? differences(documented[0], answered[0], `${path}/0`)
      : [];
  }
  if (typeof documented !== 'object') return [];
  return Object.entries(documented).flatMap(([name, value]) =>
    name in (answered as object)
      ? differences(value, (answered as Record<string, unknown>)[name], `${path}/${name}`)
      : [`${path}/${name}: is documented, and was not answered`],
  );
}

function kindOf(value: unknown): string {
  return Array.isArray(value) ? 'array' : typeof value;
}
