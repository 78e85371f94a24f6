import { metricFamilies, type MetricFamily } from './metric-families.ts';

/** One row of what is counted: how many, and what they add up to. */
export interface Sample {
  readonly name: string;
  readonly labels: readonly string[];
  readonly count: number;
  readonly amount: number;
}

export type MetricsFormat = 'openmetrics' | 'prometheus';

/**
 * The text that scrapers read. Rows that no metric is made of, as another version of this Worker may write, are left out.
 * Source: https://github.com/prometheus/OpenMetrics/blob/v1.0.0/specification/OpenMetrics.md, and for `prometheus`
 * (version 0.0.4) https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function renderMetrics(samples: readonly Sample[], format: MetricsFormat): string {
  const byName = Map.groupBy(samples, ({ name }) => name);
  const lines = metricFamilies.flatMap((family) => [
    ...heading(family, format),
    ...linesOf(family, withAlways(family, byName.get(family.rows ?? family.name) ?? [])),
  ]);
  return [...lines, ...(format === 'openmetrics' ? ['# EOF'] : []), ''].join('\n');
}

function heading({ name, type, unit, help }: MetricFamily, format: MetricsFormat): readonly string[] {
  // The older format takes each counter for a metric of its whole name.
  const metric = `ratecard_${name}${type === 'counter' && format === 'prometheus' ? '_total' : ''}`;
  return [
    `# TYPE ${metric} ${type}`,
    ...(unit !== undefined && format === 'openmetrics' ? [`# UNIT ${metric} ${unit}`] : []),
    `# HELP ${metric} ${help}`,
  ];
}

/** Rows of 0 for labels that are always told. A histogram's bound, its last label, is no matter of these. */
function withAlways(family: MetricFamily, samples: readonly Sample[]): readonly Sample[] {
  const { always = [], labels, name } = family;
  const present = new Set(samples.map((sample) => JSON.stringify(sample.labels.slice(0, labels.length))));
  const missing = always.filter((values) => !present.has(JSON.stringify(values)));
  const bound = family.type === 'histogram' ? ['Infinity'] : [];
  return [
    ...samples,
    ...missing.map((values) => ({ name, labels: [...values, ...bound], count: 0, amount: 0 })),
  ];
}

function linesOf(family: MetricFamily, samples: readonly Sample[]): readonly string[] {
  if (family.type === 'histogram') return histogramLines(family, samples);
  const name = `ratecard_${family.name}${family.type === 'counter' ? '_total' : ''}`;
  return samples.map((sample) => `${name}${labelsOf(family.labels, sample.labels)} ${sample[family.value]}`);
}

function histogramLines(family: MetricFamily, samples: readonly Sample[]): readonly string[] {
  const name = `ratecard_${family.name}`;
  const { labels, bounds = [] } = family;
  const groups = Map.groupBy(samples, (sample) => JSON.stringify(sample.labels.slice(0, labels.length)));
  return [...groups.values()].flatMap((rows) => {
    const values = (rows[0]?.labels ?? []).slice(0, labels.length);
    const upTo = (bound: number) =>
      sum(rows.filter((row) => Number(row.labels.at(-1)) <= bound).map(({ count }) => count));
    const own = labelsOf(labels, values);
    return [
      ...[...bounds, Infinity].map(
        (bound) =>
          `${name}_bucket${labelsOf([...labels, 'le'], [...values, textOfBound(bound)])} ${upTo(bound)}`,
      ),
      `${name}_count${own} ${upTo(Infinity)}`,
      `${name}_sum${own} ${sum(rows.map(({ amount }) => amount))}`,
    ];
  });
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

/** As OpenMetrics writes it, in both formats: a bucket is the same series whoever scrapes. */
function textOfBound(bound: number): string {
  if (bound === Infinity) return '+Inf';
  return Number.isInteger(bound) ? bound.toFixed(1) : String(bound);
}

function labelsOf(names: readonly string[], values: readonly string[]): string {
  if (names.length === 0) return '';
  return `{${names.map((name, index) => `${name}="${escape(values[index] ?? '')}"`).join(',')}}`;
}

function escape(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}
