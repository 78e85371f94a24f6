import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { resultSchema } from '../measure/results.ts';
import { plotOf } from './plot.ts';

const caseRecordSchema = z
  .strictObject({
    key: z.string(),
    seconds: z.number().nonnegative(),
    results: z.array(resultSchema).readonly(),
    /** Why it ended early, or what is wrong with a result that is left out; null where all went well. */
    failure: z.string().nullable(),
  })
  .readonly();

/** One run of the benchmark, as it is kept. Whatever changes its shape changes its version. */
export const runRecordSchema = z
  .strictObject({
    version: z.literal(1),
    startedAt: z.iso.datetime(),
    seconds: z.number().nonnegative(),
    /** What was measured; null where there is no repository to ask. */
    commit: z
      .strictObject({
        id: z.string().regex(/^[0-9a-f]{40,64}$/),
        /** Files differed from the commit. */
        changed: z.boolean(),
      })
      .readonly()
      .nullable(),
    machine: z
      .strictObject({
        system: z.string(),
        processor: z.string(),
        cores: z.int().positive(),
        memoryBytes: z.int().positive(),
      })
      .readonly(),
    versions: z.strictObject({ node: z.string(), workerd: z.string(), postgresql: z.string() }).readonly(),
    effort: z.strictObject({ rounds: z.int().positive(), scale: z.number().positive() }).readonly(),
    /** The cases that were asked for; null where all were. */
    only: z.array(z.string()).readonly().nullable(),
    cases: z.array(caseRecordSchema).readonly(),
  })
  .readonly();

export type CaseRecord = z.output<typeof caseRecordSchema>;
export type RunRecord = z.output<typeof runRecordSchema>;

/** Where results are kept unless told otherwise; git does not keep them. */
export const resultsDirectory = 'bench/results';

/** Keeps a run under its time and as the latest one, as JSON and as a plot. Returns the path of its JSON. */
export async function saveRecord(directory: string, record: RunRecord): Promise<string> {
  const json = `${JSON.stringify(runRecordSchema.parse(record), null, 2)}\n`;
  const plot = plotOf(record);
  await mkdir(directory, { recursive: true });
  // A colon cannot be in a file's name everywhere.
  const named = join(directory, record.startedAt.replaceAll(':', '-'));
  for (const path of [named, join(directory, 'latest')]) {
    await writeFile(`${path}.svg`, plot);
    await writeFile(`${path}.json`, json);
  }
  return `${named}.json`;
}

/** The latest run; undefined where there is none. @throws when what is there is no record of this version */
export async function readLatest(directory: string): Promise<RunRecord | undefined> {
  const path = join(directory, 'latest.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const read = runRecordSchema.safeParse(JSON.parse(text));
  if (!read.success) throw new Error(`${path} is no result of this version:\n${z.prettifyError(read.error)}`);
  return read.data;
}
