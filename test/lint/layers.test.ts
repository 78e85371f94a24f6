import { beforeAll, describe, expect, test } from 'vitest';
import { layerRules } from '../../dev/lint/layers.ts';
import { layerCases, type LintCase } from './cases.ts';
import { houseCases } from './house-cases.ts';
import { lintProject, type Finding } from './lint-project.ts';

/** One line of a case, where it stands in the file that it was put in. */
interface Line {
  readonly rule: string;
  readonly file: string;
  readonly code: string;
  readonly from: number;
  readonly to: number;
}

const files = new Map<string, string>();
const forbidden: Line[] = [];
const allowed: Line[] = [];

for (const lintCase of [...layerCases, ...houseCases]) {
  for (const code of lintCase.forbids) forbidden.push(addLine(lintCase, code));
  for (const code of lintCase.allows) allowed.push(addLine(lintCase, code));
}

/** Puts a line at the end of its file, under a name that no other line has. */
function addLine({ rule, file }: LintCase, code: string): Line {
  const text = files.get(file) ?? '';
  const from = text.split('\n').length;
  const added = code.replaceAll('$', `name${from}`);
  files.set(file, `${text}${added}\n`);
  return { rule, file, code: title(code), from, to: from + added.split('\n').length - 1 };
}

function title(code: string): string {
  return code.length > 90
    ? `${code.slice(0, 60).replaceAll('\n', ' ')}… (${code.split('\n').length} lines)`
    : code;
}

let findings: readonly Finding[];
beforeAll(async () => {
  findings = await lintProject(files);
});

function findingsAt({ file, from, to }: Line): readonly Finding[] {
  return findings.filter((finding) => {
    const line = finding.line ?? 0;
    return finding.file === file && line >= from && line <= to;
  });
}

function codes(found: readonly Finding[]): readonly (string | undefined)[] {
  return found.map(({ code }) => code);
}

function ofTheLayering(found: readonly Finding[]): readonly Finding[] {
  return found.filter(({ code }) => code?.startsWith('ratecard('));
}

describe('the linter', () => {
  test('reads every file: none has an error of syntax, and no rule of ours crashes', () => {
    expect(findings.filter(({ code }) => code === undefined)).toEqual([]);
  });

  for (const line of forbidden) {
    test(`${line.rule} forbids \`${line.code}\` in ${line.file}`, () => {
      expect(codes(findingsAt(line))).toContain(line.rule);
    });
  }

  for (const line of allowed) {
    test(`${line.rule} allows \`${line.code}\` in ${line.file}`, () => {
      const found = findingsAt(line);
      expect(codes(found)).not.toContain(line.rule);
      expect(ofTheLayering(found)).toEqual([]);
    });
  }
});

describe('the layering', () => {
  test.each(Object.entries(layerRules))(
    '%s is proven on a file that breaks it, and says what to do',
    (name, rule) => {
      const reports = findings.filter(({ code }) => code === `ratecard(${name})`);
      expect(reports).not.toEqual([]);
      expect(new Set(reports.map(({ message }) => message))).toEqual(new Set([rule.advice]));
    },
  );

  test('gives one reason for an import, not several', () => {
    const imports = forbidden.filter(({ rule }) => rule.startsWith('ratecard('));
    expect(imports.filter((line) => ofTheLayering(findingsAt(line)).length !== 1)).toEqual([]);
  });
});
