import { z } from 'zod';

const count = z.int().nonnegative();
const positive = z.number().nonnegative();

/** What a figure should reach. */
const goalSchema = z.union([
  z.strictObject({ atLeast: z.number() }).readonly(),
  z.strictObject({ atMost: z.number() }).readonly(),
]);

const measureSchema = z.enum(['requests per second', 'time per request', 'p50 latency', 'p99 latency']);

/** One side of a comparison in the round whose ratio is the median; its counts are of all rounds. */
const sideSchema = z
  .strictObject({
    name: z.string(),
    connections: count,
    offered: count,
    /** At which they were due, where that was fixed. */
    offeredPerSecond: positive.exactOptional(),
    dropped: count,
    errors: count,
    requestsPerSecond: positive,
    p50Milliseconds: positive,
    p99Milliseconds: positive,
    databaseCallsAtMost: count.nullable(),
    /** What the Worker's own process took of a processor for each request; null where the system does not tell. */
    processorMicroseconds: positive.nullable(),
  })
  .readonly();

/** Subject against baseline, of one run on one machine. */
const ratioSchema = z
  .strictObject({
    kind: z.literal('ratio'),
    name: z.string(),
    of: measureSchema,
    /** Median over the rounds of subject / baseline, each of one round. */
    ratio: positive,
    /** The lowest and the highest of the rounds' ratios. */
    range: z.tuple([positive, positive]).readonly(),
    /** Not there where nothing is promised. */
    goal: goalSchema.exactOptional(),
    /** The same ratio of the processor time that both Workers took for a request: what waits for others is not in it. */
    processorRatio: positive.nullable(),
    subject: sideSchema,
    baseline: sideSchema,
  })
  .readonly();

/** Something that is counted or weighed by itself. */
const figureSchema = z
  .strictObject({
    kind: z.literal('figure'),
    name: z.string(),
    value: z.number(),
    unit: z.string(),
    /** It is a ratio within the run, so that it can be held to the one that is kept. */
    isRatio: z.literal(true).exactOptional(),
    goal: goalSchema.exactOptional(),
    /** What belongs to the figure, in words. */
    detail: z.string().exactOptional(),
  })
  .readonly();

/** What this machine cannot measure. */
const skippedSchema = z
  .strictObject({ kind: z.literal('skipped'), name: z.string(), reason: z.string() })
  .readonly();

export const resultSchema = z.discriminatedUnion('kind', [ratioSchema, figureSchema, skippedSchema]);

export type Goal = z.output<typeof goalSchema>;
export type Measure = z.output<typeof measureSchema>;
export type Side = z.output<typeof sideSchema>;
export type RatioResult = z.output<typeof ratioSchema>;
export type FigureResult = z.output<typeof figureSchema>;
export type SkippedResult = z.output<typeof skippedSchema>;
export type Result = RatioResult | FigureResult | SkippedResult;

export function reaches(value: number, goal: Goal): boolean {
  return 'atLeast' in goal ? value >= goal.atLeast : value <= goal.atMost;
}
