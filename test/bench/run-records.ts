import type { RatioResult, Result, Side } from '../../bench/measure/results.ts';
import type { CaseRecord, RunRecord } from '../../bench/report/run-record.ts';

export const side: Side = {
  name: 'Ratecard',
  connections: 16,
  offered: 300,
  dropped: 0,
  errors: 0,
  requestsPerSecond: 1000,
  p50Milliseconds: 1,
  p99Milliseconds: 2,
  databaseCallsAtMost: 1,
  processorMicroseconds: 100,
};

export function measured(ratio: number, more: Partial<RatioResult> = {}): RatioResult {
  return {
    kind: 'ratio',
    name: 'spend',
    of: 'requests per second',
    ratio,
    range: [ratio, ratio],
    processorRatio: 1,
    subject: side,
    baseline: side,
    ...more,
  };
}

export function run(results: readonly Result[], more: Partial<CaseRecord> = {}): RunRecord {
  return {
    version: 1,
    startedAt: '2026-11-24T20:00:00.000Z',
    seconds: 1,
    commit: null,
    machine: { system: 'linux', processor: 'one', cores: 2, memoryBytes: 1024 },
    versions: { node: '24', workerd: '1', postgresql: '18' },
    effort: { rounds: 3, scale: 1 },
    only: null,
    cases: [{ key: 'spend', seconds: 1, results, failure: null, ...more }],
  };
}
