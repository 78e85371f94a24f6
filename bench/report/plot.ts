import type { RatioResult } from '../measure/results.ts';
import type { RunRecord } from './run-record.ts';
import { goalText, verdictOf } from './verdict.ts';

const layout = { width: 960, left: 380, right: 190, top: 64, row: 30, bar: 14, bottom: 44 };
/** Ratios beyond it are drawn to the edge; their figure stands beside them. */
const highestDrawn = 3;

const style = `
  svg { color-scheme: light dark; }
  text { font: 13px system-ui, sans-serif; fill: #1f2328; }
  .heading { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .back { fill: #ffffff; }
  .grid { stroke: #d1d9e0; }
  .even { stroke: #818b98; stroke-dasharray: 3 3; }
  .fine { fill: #1a7f37; }
  .plain { fill: #0969da; }
  .missed { fill: url(#hatch); stroke: #cf222e; }
  .hatching { stroke: #cf222e; }
  .range { stroke: #1f2328; }
  .goal { stroke: #1f2328; stroke-width: 3; }
  @media (prefers-color-scheme: dark) {
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .back { fill: #0d1117; }
    .grid { stroke: #3d444d; }
    .even { stroke: #9198a1; }
    .fine { fill: #3fb950; }
    .plain { fill: #4493f8; }
    .missed, .hatching { stroke: #f85149; }
    .range, .goal { stroke: #f0f6fc; }
  }`;

/** The ratios of a run as bars, each with its rounds and its goal. One that misses its goal is hatched, and says so. */
export function plotOf(record: RunRecord): string {
  const ratios = record.cases.flatMap(({ results }) =>
    results.flatMap((result) => (result.kind === 'ratio' ? [result] : [])),
  );
  const height = layout.top + ratios.length * layout.row + layout.bottom;
  const end = axisEnd(ratios);
  const step = end > 1.5 ? 0.5 : 0.25;
  const x = (ratio: number) =>
    layout.left + (Math.min(ratio, end) / end) * (layout.width - layout.left - layout.right);
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, n) => n * step);
  const bottom = layout.top + ratios.length * layout.row;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${layout.width} ${height}" width="${layout.width}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">Ratecard beside the least that the same work takes</title>
<desc id="description">${escaped(descriptionOf(record, ratios))}</desc>
<style>${style}
</style>
<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><line class="hatching" y2="6" stroke-width="4"/></pattern></defs>
<rect class="back" width="100%" height="100%"/>
<text class="heading" x="16" y="28">Ratecard beside the least that the same work takes</text>
<text class="quiet" x="16" y="48">Ratios of one run. Thick mark: the goal. Thin line: from the lowest round to the highest.</text>
${ticks.map((tick) => tickAt(x(tick), tick, bottom)).join('\n')}
${ratios.map((result, n) => barOf(result, layout.top + n * layout.row, x)).join('\n')}
</svg>
`;
}

function axisEnd(ratios: readonly RatioResult[]): number {
  const drawn = ratios.flatMap(({ range, goal }) => [range[1], ...goalValues(goal)]);
  const highest = Math.min(highestDrawn, Math.max(1.25, ...drawn));
  return highest > 1.5 ? Math.ceil(highest * 2) / 2 : Math.ceil(highest * 4) / 4;
}

function goalValues(goal: RatioResult['goal']): readonly number[] {
  if (goal === undefined) return [];
  return ['atLeast' in goal ? goal.atLeast : goal.atMost];
}

function tickAt(x: number, tick: number, bottom: number): string {
  const kind = tick === 1 ? 'even' : 'grid';
  return `<line class="${kind}" x1="${at(x)}" x2="${at(x)}" y1="${layout.top - 4}" y2="${bottom}"/><text class="quiet" x="${at(x)}" y="${bottom + 18}" text-anchor="middle">${tick.toFixed(2)}</text>`;
}

const classes = { reached: 'fine', '': 'plain', MISSED: 'missed', ERRORS: 'missed' } as const;
const words = { reached: [], '': [], MISSED: ['missed'], ERRORS: ['errors'] } as const;

function barOf(result: RatioResult, top: number, x: (ratio: number) => number): string {
  const { name, of, ratio, range, goal } = result;
  const verdict = verdictOf(result);
  const middle = top + layout.row / 2;
  const barTop = middle - layout.bar / 2;
  const goalMarks = goalValues(goal).map(
    (value) =>
      `<line class="goal" x1="${at(x(value))}" x2="${at(x(value))}" y1="${at(barTop - 5)}" y2="${at(barTop + layout.bar + 5)}"/>`,
  );
  const said = [...(goal === undefined ? [] : [goalText(goal)]), ...words[verdict]].join(', ');
  const wanted = said === '' ? '' : ` (${said})`;
  return [
    `<g><text x="${layout.left - 12}" y="${at(middle + 4)}" text-anchor="end">${escaped(short(`${name}, ${of}`))}</text>`,
    `<rect class="${classes[verdict]}" x="${layout.left}" y="${at(barTop)}" width="${at(x(ratio) - layout.left)}" height="${layout.bar}"/>`,
    `<line class="range" x1="${at(x(range[0]))}" x2="${at(x(range[1]))}" y1="${at(middle)}" y2="${at(middle)}"/>`,
    ...goalMarks,
    `<text x="${layout.width - layout.right + 16}" y="${at(middle + 4)}">${ratio.toFixed(2)}${escaped(wanted)}</text></g>`,
  ].join('');
}

function descriptionOf(record: RunRecord, ratios: readonly RatioResult[]): string {
  const told = ratios.map((result) => {
    const goal = result.goal === undefined ? '' : `, goal ${goalText(result.goal)}`;
    const verdict = verdictOf(result);
    return `${result.name}, ${result.of}: ${result.ratio.toFixed(2)}${goal}${verdict === '' ? '' : ` ${verdict.toLowerCase()}`}.`;
  });
  const failed = record.cases.flatMap(({ key, failure }) => (failure === null ? [] : [`${key} failed.`]));
  return [`Measured ${record.startedAt}.`, ...told, ...failed].join(' ');
}

const longestLabel = 48;

function short(label: string): string {
  return label.length > longestLabel ? `${label.slice(0, longestLabel - 1)}…` : label;
}

const at = (length: number) => String(Math.round(length * 10) / 10);

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<>"]/g, (character) => entities[character] ?? character);
}
