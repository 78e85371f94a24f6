import { reaches, type Goal, type RatioResult, type Result, type Side } from '../measure/results.ts';

/** What one result says, in a few lines for a terminal. */
export function linesOf(result: Result): string {
  switch (result.kind) {
    case 'skipped':
      return `${result.name}: left out (${result.reason})`;
    case 'figure': {
      const detail = result.detail === undefined ? [] : [`  ${result.detail}`];
      return [`${result.name}: ${shown(result.value)} ${result.unit}${verdict(result)}`, ...detail].join(
        '\n',
      );
    }
    case 'ratio':
      return ratioLines(result);
  }
}

function ratioLines({
  name,
  of,
  ratio,
  range,
  processorRatio,
  goal,
  subject,
  baseline,
}: RatioResult): string {
  const [lowest, highest] = range.map((one) => one.toFixed(2));
  const processor = processorRatio === null ? '' : `, processor time ${processorRatio.toFixed(2)}`;
  return [
    `${name}, ${of}: ${ratio.toFixed(2)}${verdict({ value: ratio, goal })}, rounds ${lowest} to ${highest}${processor}`,
    sideLine(subject),
    sideLine(baseline),
  ].join('\n');
}

function sideLine(side: Side): string {
  const processor =
    side.processorMicroseconds === null ? '' : `, ${side.processorMicroseconds.toFixed(0)} us processor`;
  const calls = side.databaseCallsAtMost === null ? '' : `, ${side.databaseCallsAtMost} database call(s)`;
  return [
    `  ${side.name}: ${side.requestsPerSecond.toFixed(0)}/s over ${side.connections} connection(s)`,
    `p50 ${side.p50Milliseconds.toFixed(2)} ms, p99 ${side.p99Milliseconds.toFixed(2)} ms${processor}${calls}`,
    `${side.offered} offered, ${side.dropped} dropped, ${side.errors} errors`,
  ].join('; ');
}

function verdict({ value, goal }: { readonly value: number; readonly goal?: Goal | undefined }): string {
  if (goal === undefined) return '';
  const wanted = 'atLeast' in goal ? `at least ${goal.atLeast}` : `at most ${goal.atMost}`;
  return ` (goal ${wanted}: ${reaches(value, goal) ? 'reached' : 'MISSED'})`;
}

function shown(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toFixed(value < 10 ? 2 : 1);
}
