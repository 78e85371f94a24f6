import { z } from 'zod';
import type { RatioResult, Result } from '../measure/results.ts';
import type { CaseRecord, RunRecord } from './run-record.ts';
import { faultsOf } from './verdict.ts';

const keptRatioSchema = z
  .strictObject({ ratio: z.number().positive(), better: z.enum(['higher', 'lower']) })
  .readonly();

/** `bench/expected.json`: the ratios that later runs are held to, by case and by what was measured. */
export const expectedSchema = z
  .strictObject({
    version: z.literal(1),
    cases: z.record(z.string(), z.record(z.string(), keptRatioSchema).readonly()).readonly(),
  })
  .readonly();

export type Expected = z.output<typeof expectedSchema>;
type KeptRatio = z.output<typeof keptRatioSchema>;

/** One line about one ratio or case. */
export interface Finding {
  readonly fails: boolean;
  readonly line: string;
}

/** How far a ratio may come out worse than the kept one. */
const allowance = 0.15;
/** So that a ratio which is exactly at the limit is not beyond it by the arithmetic. */
const roundingRoom = 1e-9;

/** What of a run is worse than what is kept: ratios, cases that are missing or failed, requests that did. */
export function judge(record: RunRecord, expected: Expected): readonly Finding[] {
  const present = record.cases.flatMap((one) => judgeCase(one, expected.cases[one.key] ?? {}));
  const absent = Object.keys(expected.cases)
    .filter((key) => !record.cases.some((one) => one.key === key))
    .map((key) => ({ fails: true, line: `${key}: missing from this run` }));
  return [...present, ...absent];
}

function judgeCase(
  { key, results, failure }: CaseRecord,
  kept: Readonly<Record<string, KeptRatio>>,
): readonly Finding[] {
  const measured = ratiosOf(results);
  const leftOut = results.flatMap((result) => (result.kind === 'skipped' ? [result.reason] : []));
  const held = Object.entries(kept).map(([name, limit]): Finding => {
    const present = measured[name];
    if (present !== undefined) return comparedWith(limit, present.ratio, `${key}: ${name}`);
    // What this machine cannot measure, it cannot have made worse.
    const reason = failure === null && leftOut.length > 0 ? `left out (${leftOut.join('; ')})` : undefined;
    return { fails: reason === undefined, line: `${key}: ${name}: ${reason ?? 'missing from this run'}` };
  });
  const fresh = Object.entries(measured)
    .filter(([name]) => kept[name] === undefined)
    .map(([name, { ratio }]) => ({
      fails: false,
      line: `${key}: ${name}: ${ratio.toFixed(3)}, not kept yet`,
    }));
  const failed = failure === null ? [] : [{ fails: true, line: `${key}: failed (${failure})` }];
  return [...failed, ...faultFindings(key, results), ...held, ...fresh];
}

function faultFindings(key: string, results: readonly Result[]): readonly Finding[] {
  return results.flatMap((result) => {
    const faults = result.kind === 'ratio' ? faultsOf(result) : 0;
    const line = `${key}: ${result.name}: ${faults} requests without an answer, or with a wrong one`;
    return faults === 0 ? [] : [{ fails: true, line }];
  });
}

function comparedWith(kept: KeptRatio, ratio: number, name: string): Finding {
  const isHigherBetter = kept.better === 'higher';
  const worse = isHigherBetter ? kept.ratio - ratio : ratio - kept.ratio;
  const fails = worse > kept.ratio * allowance + roundingRoom;
  const change = (ratio / kept.ratio - 1) * 100;
  const percent = `${change < 0 ? '−' : '+'}${Math.abs(change).toFixed(1)} %`;
  const limit = kept.ratio * (isHigherBetter ? 1 - allowance : 1 + allowance);
  const beyond = `, ${isHigherBetter ? 'under' : 'over'} the limit of ${limit.toFixed(3)}`;
  return {
    fails,
    line: `${name}: ${ratio.toFixed(3)}, kept ${kept.ratio.toFixed(3)} (${percent}${fails ? beyond : ''})`,
  };
}

function ratiosOf(results: readonly Result[]): Readonly<Record<string, KeptRatio>> {
  const ratios = results.flatMap((result) => {
    if (result.kind === 'ratio') {
      return [[`${result.name}, ${result.of}`, { ratio: result.ratio, better: betterOf(result) }] as const];
    }
    if (result.kind !== 'figure' || result.isRatio === undefined) return [];
    const better = result.goal !== undefined && 'atMost' in result.goal ? 'lower' : 'higher';
    return [[result.name, { ratio: result.value, better }] as const];
  });
  return Object.fromEntries(ratios);
}

/** Its goal says it, and where there is none, what was measured does. */
function betterOf({ goal, of }: RatioResult): KeptRatio['better'] {
  if (goal !== undefined) return 'atLeast' in goal ? 'higher' : 'lower';
  return of === 'requests per second' ? 'higher' : 'lower';
}

/**
 * The ratios of a run as the ones to keep. A run of some of the cases replaces those, a whole one everything.
 * @throws Error when a case failed, or requests of it did: nothing is kept by halves
 */
export function keptFrom(record: RunRecord, expected: Expected | undefined): Expected {
  const empty = { version: 1, cases: {} } as const;
  const broken = judge(record, empty).filter(({ fails }) => fails);
  if (broken.length > 0) throw new Error(broken.map(({ line }) => line).join('\n'));
  const others = record.only === null ? {} : expected?.cases;
  const cases = record.cases.map(({ key, results }) => {
    const ratios = Object.entries(ratiosOf(results)).map(
      ([name, { ratio, better }]) => [name, { ratio: Number(ratio.toPrecision(3)), better }] as const,
    );
    return [key, Object.fromEntries(ratios)] as const;
  });
  return expectedSchema.parse({ version: 1, cases: { ...others, ...Object.fromEntries(cases) } });
}
