import type { FigureResult, Goal, Side } from '../measure/results.ts';

/** What is measured of one account, and of the way to the database. */
export interface HotRound {
  /** Spends through the Worker, and straight at the database. */
  readonly hot: Side;
  readonly directHot: Side;
  /** A statement that does nothing: through a bare Worker, and straight at the database. */
  readonly hop: Side;
  readonly directHop: Side;
}

/**
 * Requests a second that there would be without the HTTP hop. What all 64 share is how long the machine is busy with
 * each request (1 / rate). Of that, the hop has what a bare Worker, the driver and the gateway take for `select 1` beyond
 * what the database itself takes for it. What the Worker does besides (token, checks, JSON) stays counted.
 */
export function rateWithoutHop({ hot, hop, directHop }: Pick<HotRound, 'hot' | 'hop' | 'directHop'>): number {
  const hopSeconds = 1 / hop.requestsPerSecond - 1 / directHop.requestsPerSecond;
  const seconds = 1 / hot.requestsPerSecond - hopSeconds;
  return seconds > 0 ? 1 / seconds : Number.POSITIVE_INFINITY;
}

/** The hot account against the same SQL without Workers and HTTP, the median over the rounds. */
export function againstDirect(direct: string, rounds: readonly HotRound[], goal: Goal): FigureResult {
  const ratios = rounds
    .map((round) => ({ round, ratio: rateWithoutHop(round) / round.directHot.requestsPerSecond }))
    .toSorted((one, other) => one.ratio - other.ratio);
  const median = ratios[Math.floor(ratios.length / 2)];
  if (median === undefined) throw new Error('nothing was measured');
  const { hot, directHot, hop, directHop } = median.round;
  const rate = ({ requestsPerSecond }: Side) => `${requestsPerSecond.toFixed(0)}/s`;
  return {
    kind: 'figure',
    name: 'spend, one account against the same SQL',
    value: median.ratio,
    isRatio: true,
    unit: 'of direct SQL',
    goal,
    detail: [
      `of the rate of the same SQL by ${direct}`,
      `${rate(hot)} through the Worker, ${rate(directHot)} by ${direct} over ${directHot.connections} connections`,
      `the hop: select 1 ${rate(hop)} through a bare Worker, ${rate(directHop)} by ${direct}`,
      `${(hot.requestsPerSecond / directHot.requestsPerSecond).toFixed(2)} with nothing taken out`,
      `${directHot.offered} offered to ${direct}, ${directHot.dropped} dropped, ${directHot.errors} errors`,
    ].join('; '),
  };
}
