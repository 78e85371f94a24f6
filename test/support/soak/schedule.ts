import { eventually } from '../eventually.ts';
import type { TestWorker } from '../worker.ts';

/** What happens to the Worker once so many deliveries are accepted. */
interface Step {
  readonly at: number;
  readonly what: 'cron' | 'kill' | 'kill, and drop messages';
}

/** A round: the Worker dies and its messages are lost, the cron trigger runs, and it dies again and is whole. */
const round: readonly Step['what'][] = ['kill', 'cron', 'kill, and drop messages', 'cron', 'kill', 'cron'];

/** Rounds of steps, spread evenly over the deliveries. */
export function scheduleOf(deliveries: number, rounds: number): readonly Step[] {
  const steps = Array.from({ length: rounds }, () => round).flat();
  return steps.map((what, place) => ({
    what,
    at: Math.floor(((place + 1) * deliveries) / (steps.length + 1)),
  }));
}

/** More tries than that are left to those that come by themselves, so that nothing is given up for dead. */
const triesInTheStorm = 4;
const passesInTheStorm = 2;
const passesInTheCalm = 5;
const idleSweeps = 2;
/** How much is under way when it dies. */
const callsBeforeDeath = 10;

/** The Worker's life while deliveries go on. */
export class Course {
  kills = 0;
  /** How many of the kills were followed by a queue that drops messages. */
  deafTimes = 0;
  cronRuns = 0;
  readonly #worker: TestWorker;
  readonly #left: Step[];
  /** Those that have come and are not over, one after the other. */
  #underWay: readonly Promise<void>[] = [];

  constructor(worker: TestWorker, steps: readonly Step[]) {
    this.#worker = worker;
    this.#left = [...steps];
  }

  /** Takes the steps that are due after so many accepted deliveries. */
  advance(accepted: number): void {
    for (let [step] = this.#left; step !== undefined && step.at <= accepted; [step] = this.#left) {
      const { what } = step;
      this.#left.shift();
      const before = this.#underWay.at(-1) ?? Promise.resolve();
      const taken = before.then(() => this.#take(what));
      this.#underWay = [...this.#underWay, taken];
      // Whoever waits for the end hears of its failure.
      const isOver = () => {
        this.#underWay = this.#underWay.filter((other) => other !== taken);
      };
      taken.then(isOver, () => undefined);
    }
  }

  /** Resolves when deliveries may go on: steps are to come while they do, and not when all is delivered. */
  async whenInStep(): Promise<void> {
    await this.#underWay.at(-2);
  }

  /** Resolves when there is a Worker to deliver to. */
  async whenUp(): Promise<void> {
    await this.#underWay.at(-1);
  }

  /** Resolves when all steps are over, and what is left to do has been tried a few times more. */
  async end(): Promise<void> {
    await this.#underWay.at(-1);
    if (this.#left.length > 0) throw new Error(`${this.#left.length} steps never came`);
    for (let pass = 1; pass <= passesInTheStorm; pass += 1) {
      await makeDue(this.#worker, triesInTheStorm);
      this.cronRuns += await sweepOut(this.#worker);
    }
  }

  async #take(what: Step['what']): Promise<void> {
    await makeDue(this.#worker, triesInTheStorm);
    const calls = this.#worker.gateway.requestCount;
    const sweep = this.#sweep();
    const isUnderWay = () => sweep.isOver || this.#worker.gateway.requestCount > calls + callsBeforeDeath;
    await eventually('the sweep is under way', isUnderWay, 60_000);
    if (what === 'cron') return;
    const isDeaf = what === 'kill, and drop messages';
    await this.#worker.kill();
    await this.#worker.restart(isDeaf ? 'dropped' : 'delivered');
    this.kills += 1;
    if (isDeaf) this.deafTimes += 1;
  }

  /** The cron trigger. Nobody waits for what it does: it may hang, or die with the Worker. */
  #sweep(): { readonly isOver: boolean } {
    const sweep = { isOver: false };
    const end = () => {
      sweep.isOver = true;
    };
    this.#worker.scheduled().then(end, end);
    this.cronRuns += 1;
    return sweep;
  }
}

/** What comes in time once nothing fails any more. */
export async function calmDown(worker: TestWorker): Promise<void> {
  for (let pass = 1; pass <= passesInTheCalm; pass += 1) {
    await makeDue(worker, Infinity);
    await sweepOut(worker);
    if ((await openEvents(worker)) === 0) return;
  }
}

/** Makes due what was tried less often than so. What a worker has at the moment, too: it is not dead, but slow. */
async function makeDue({ database }: TestWorker, triesAtMost: number): Promise<void> {
  await database.query(
    `update webhook_events set next_attempt_at = now(), lease_until = lease_until - interval '1 hour'
     where status in ('pending', 'failed', 'processing') and attempts < $1::float8`,
    [triesAtMost],
  );
}

/** Runs the cron trigger until that changes nothing, a few times in a row. Answers how often it ran. */
async function sweepOut(worker: TestWorker): Promise<number> {
  let runs = 0;
  for (let idle = 0, tries = await triesOf(worker); idle < idleSweeps; runs += 1) {
    await worker.scheduled();
    const now = await triesOf(worker);
    idle = now === tries ? idle + 1 : 0;
    tries = now;
  }
  return runs;
}

async function triesOf({ database }: TestWorker): Promise<number | undefined> {
  const [row] = await database.query<{ tries: number }>(
    'select coalesce(sum(attempts), 0)::int as tries from webhook_events',
  );
  return row?.tries;
}

async function openEvents({ database }: TestWorker): Promise<number | undefined> {
  const [row] = await database.query<{ count: number }>(
    "select count(*)::int as count from webhook_events where status in ('pending', 'failed', 'processing')",
  );
  return row?.count;
}
