import parse from 'parse-prometheus-text-format';
import type { TestWorker } from './worker.ts';

/** A scrape, as a parser of Prometheus' text format reads it. */
export interface Scrape {
  /** As they are asked for: with `_total`, and of a histogram `_bucket`, `_count`, `_sum`. */
  readonly names: ReadonlySet<string>;
  /** What a series says; of several that have these labels, their sum. 0: there is none. */
  value(name: string, labels?: Readonly<Record<string, string>>): number;
}

/** Scrapes in the older format, which the parser reads. */
export async function scrape(worker: TestWorker): Promise<Scrape> {
  const token = await worker.token('viewer');
  const { status, text } = await worker.request('/metrics', { token, headers: { Accept: 'text/plain' } });
  if (status !== 200) throw new Error(`not scraped: ${status} ${text}`);
  return readScrape(text);
}

export function readScrape(text: string): Scrape {
  // The parser takes all that has the name of a histogram for one of them, whatever its labels: series by series it can.
  const families = parse(text.replaceAll(/^# TYPE \w+ histogram\n/gm, ''));
  const series = families.flatMap(({ name, metrics }) =>
    metrics.map(({ labels = {}, value }) => ({ name, labels, value: Number(value) })),
  );
  return {
    names: new Set(
      families.flatMap(({ name, type, metrics }) =>
        type === 'UNTYPED' && metrics.length === 0 ? [] : [name],
      ),
    ),
    value: (name, labels = {}) =>
      series
        .filter((each) => each.name === name)
        .filter((each) => Object.entries(labels).every(([label, value]) => each.labels[label] === value))
        .reduce((sum, { value }) => sum + value, 0),
  };
}
