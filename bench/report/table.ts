import type { FigureResult, RatioResult, Result, Side } from '../measure/results.ts';
import { minutesAndSeconds } from './progress.ts';
import type { CaseRecord, RunRecord } from './run-record.ts';
import { goalText, shown, verdictOf } from './verdict.ts';

const widest = 120;
/** A longer one would take the room of the names. */
const longestUnit = 24;

type Line =
  /** Aligned with its like. */
  | { readonly kind: 'result' | 'side'; readonly cells: readonly string[] }
  | { readonly kind: 'text'; readonly text: string };

const resultHeads = ['CASE', 'MEASURE', 'RATIO', 'ROUNDS', 'GOAL', 'VERDICT', 'PROCESSOR'];
const sideHeads = [
  '',
  'ANSWERS/S',
  'P50 MS',
  'P99 MS',
  'CONN.',
  'CPU US',
  'DB CALLS',
  'OFFERED/S',
  'OFFERED',
  'DROPPED',
  'ERRORS',
];

/** A run for a terminal of 120 columns: a line for each result, and one for each side of a ratio under it. */
export function tableOf(record: RunRecord): string {
  const lines: readonly Line[] = [
    { kind: 'result', cells: resultHeads },
    { kind: 'side', cells: sideHeads },
    ...record.cases.flatMap(linesOfCase),
  ];
  const cellsOf = (kind: 'result' | 'side') =>
    lines.flatMap((line) => (line.kind === kind ? [line.cells] : []));
  const layouts = { result: layoutOf(cellsOf('result'), ''), side: layoutOf(cellsOf('side'), '    ') };
  const rows = lines.flatMap((line) =>
    line.kind === 'text' ? wrapped(line.text) : [layouts[line.kind](line.cells)],
  );
  return [...rows, '', ...wrapped(summaryOf(record))].join('\n');
}

function linesOfCase({ key, results, failure }: CaseRecord): readonly Line[] {
  const failed: readonly Line[] =
    failure === null ? [] : [{ kind: 'text', text: `${key}: FAILED (${failure})` }];
  return [...results.flatMap(linesOf), ...failed];
}

function linesOf(result: Result): readonly Line[] {
  switch (result.kind) {
    case 'skipped':
      return [{ kind: 'text', text: `${result.name}: left out (${result.reason})` }];
    case 'figure':
      return [
        { kind: 'result', cells: figureCells(result) },
        ...(result.detail === undefined ? [] : [{ kind: 'text', text: `    ${result.detail}` } as const]),
      ];
    case 'ratio':
      return [
        { kind: 'result', cells: ratioCells(result) },
        { kind: 'side', cells: sideCells(result.subject) },
        { kind: 'side', cells: sideCells(result.baseline) },
      ];
  }
}

function figureCells(figure: FigureResult): readonly string[] {
  const { name, unit, value, goal } = figure;
  return [name, cut(unit, longestUnit), shown(value), '', goalText(goal), verdictOf(figure), ''];
}

const measures = {
  'requests per second': 'answers/s',
  'time per request': 'time',
  'p50 latency': 'p50',
  'p99 latency': 'p99',
} satisfies Record<RatioResult['of'], string>;

function ratioCells(result: RatioResult): readonly string[] {
  const [lowest, highest] = result.range;
  return [
    result.name,
    measures[result.of],
    result.ratio.toFixed(2),
    `${lowest.toFixed(2)}–${highest.toFixed(2)}`,
    goalText(result.goal),
    verdictOf(result),
    result.processorRatio?.toFixed(2) ?? '',
  ];
}

function sideCells(side: Side): readonly string[] {
  const answered = side.offered - side.dropped;
  // Where no rate is fixed, each connection waits for its answer: requests come as fast as answers and failures do.
  const asAnswered = answered === 0 ? 0 : (side.requestsPerSecond * side.offered) / answered;
  return [
    side.name,
    side.requestsPerSecond.toFixed(0),
    side.p50Milliseconds.toFixed(2),
    side.p99Milliseconds.toFixed(2),
    String(side.connections),
    side.processorMicroseconds?.toFixed(0) ?? '',
    side.databaseCallsAtMost === null ? '' : String(side.databaseCallsAtMost),
    (side.offeredPerSecond ?? asAnswered).toFixed(0),
    String(side.offered),
    String(side.dropped),
    String(side.errors),
  ];
}

/** Names to the left, figures to the right; a name that has no room is cut. */
function layoutOf(
  rows: readonly (readonly string[])[],
  indent: string,
): (cells: readonly string[]) => string {
  const widthOf = (column: number) => Math.max(...rows.map((cells) => cells[column]?.length ?? 0));
  const [, ...figures] = (rows[0] ?? []).map((_, column) => widthOf(column));
  const taken = figures.reduce((sum, width) => sum + width + 2, indent.length);
  const nameWidth = Math.min(widthOf(0), widest - taken);
  return ([name = '', ...cells]) => {
    const aligned = cells.map((cell, column) => `  ${cell.padStart(figures[column] ?? 0)}`);
    return `${indent}${cut(name, nameWidth).padEnd(nameWidth)}${aligned.join('')}`.trimEnd();
  };
}

function cut(text: string, width: number): string {
  return text.length > width ? `${text.slice(0, width - 1)}…` : text;
}

function summaryOf({ cases, seconds, effort }: RunRecord): string {
  const verdicts = cases.flatMap(({ results }) =>
    results.flatMap((result) => (result.kind === 'skipped' ? [] : [verdictOf(result)])),
  );
  const countOf = (wanted: string) => verdicts.filter((verdict) => verdict === wanted).length;
  const failed = cases.filter(({ failure }) => failure !== null).map(({ key }) => key);
  return [
    `${countOf('reached')} goals reached, ${countOf('MISSED')} missed, ${countOf('ERRORS')} with errors`,
    ...(failed.length === 0 ? [] : [`failed: ${failed.join(', ')}`]),
    `${effort.rounds} round(s) at scale ${effort.scale} in ${minutesAndSeconds(seconds)}`,
  ].join('; ');
}

function wrapped(text: string): readonly string[] {
  const indent = /^ */.exec(text)?.[0] ?? '';
  const lines: string[] = [];
  let line = indent;
  for (const word of text.trim().split(/\s+/)) {
    if (line.length > indent.length && line.length + 1 + word.length > widest) {
      lines.push(line);
      line = indent;
    }
    line += line.length === indent.length ? word : ` ${word}`;
  }
  return [...lines, line];
}
