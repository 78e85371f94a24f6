import { startStripeSandbox, type StripeSandbox } from '../../../dev/stripe-sandbox/index.ts';
import { sdk } from '../support.ts';
import { eventsTellVersions, timeGoesForward } from './invariants/events.ts';
import type { Invariant } from './invariants/invariant.ts';
import { balancesFollow, invoicesAddUp } from './invariants/invoices.ts';
import { paymentsAddUp, redemptionsCount } from './invariants/payments.ts';
import { referencesExist } from './invariants/references.ts';
import { stateIsKept } from './invariants/restart.ts';
import { periodsFollow, subscriptionsHold } from './invariants/subscriptions.ts';
import { deletedLeaveNothing, nothingIsLate } from './invariants/waiting.ts';
import { attempt, catalogOf, type Catalog, type Step, type Steps } from './play.ts';
import { Random } from './random.ts';
import { checkoutSteps } from './steps/checkout.ts';
import { customerSteps } from './steps/customers.ts';
import { invoiceSteps } from './steps/invoices.ts';
import { paymentSteps } from './steps/payments.ts';
import { renewalSteps } from './steps/renewals.ts';
import { scheduleSteps } from './steps/schedules.ts';
import { subscriptionSteps } from './steps/subscriptions.ts';
import { settle, timeSteps } from './steps/time.ts';
import { worldOf, type World } from './world.ts';

const BEGIN = new Date(Date.UTC(2026, 0, 15, 10));

/** What must be so after each step. */
const INVARIANTS: readonly Invariant[] = [
  invoicesAddUp,
  paymentsAddUp,
  redemptionsCount,
  subscriptionsHold,
  nothingIsLate,
  deletedLeaveNothing,
];

/** What must be so of all that has been told: looked at now and then, since it takes longer. */
const OF_HISTORY: readonly Invariant[] = [
  periodsFollow,
  referencesExist,
  eventsTellVersions,
  timeGoesForward,
];
const HISTORY_EVERY = 10;

const STEPS: Steps = {
  ...customerSteps,
  ...subscriptionSteps,
  ...scheduleSteps,
  ...invoiceSteps,
  ...paymentSteps,
  ...checkoutSteps,
  ...timeSteps,
  ...renewalSteps,
};

interface StoryOptions {
  readonly seed: number;
  readonly steps: number;
  /** Where the sandbox keeps its state: it is started again in the middle. */
  readonly stateFile: string;
}

/**
 * Plays a story of random steps and looks after each whether all is as it must
 * be, and at last whether nothing stays undone. Throws what is wrong, with the
 * steps that led to it.
 */
export async function playStory({ seed, steps, stateFile }: StoryOptions): Promise<void> {
  const story = await Story.begin(seed, stateFile);
  try {
    for (const half of [Math.ceil(steps / 2), steps]) {
      while (story.log.length < half) await story.play(...story.choose());
      await story.startAgain();
    }
    for (let count = 0; count < 3; count += 1) await story.play('settle', settle);
    story.check(OF_HISTORY);
  } catch (error) {
    throw new Error(`Story of seed ${seed}\n${story.log.join('\n')}\n${String(error)}`, { cause: error });
  } finally {
    await story.end();
  }
}

class Story {
  /** The steps so far, and what came of each. */
  readonly log: string[] = [];
  #sandbox: StripeSandbox;
  #world: World;
  readonly #catalog: Catalog;
  readonly #random: Random;
  readonly #stateFile: string;

  private constructor(
    sandbox: StripeSandbox,
    start: { world: World; catalog: Catalog; random: Random; stateFile: string },
  ) {
    this.#sandbox = sandbox;
    this.#world = start.world;
    this.#catalog = start.catalog;
    this.#random = start.random;
    this.#stateFile = start.stateFile;
  }

  static async begin(seed: number, stateFile: string): Promise<Story> {
    const sandbox = await open(stateFile);
    const catalog = await catalogOf(sandbox);
    const world = await worldOf(sandbox);
    return new Story(sandbox, { world, catalog, random: new Random(seed), stateFile });
  }

  /** One of the steps, by its weight. */
  choose(): [name: string, step: Step] {
    const steps = Object.entries(STEPS);
    let left = this.#random.next() * steps.reduce((total, [, [weight]]) => total + weight, 0);
    for (const [name, [weight, step]] of steps) {
      left -= weight;
      if (left < 0) return [name, step];
    }
    throw new Error('There is no step.');
  }

  async play(name: string, step: Step): Promise<void> {
    const play = {
      sandbox: this.#sandbox,
      stripe: sdk(this.#sandbox),
      random: this.#random,
      world: this.#world,
      catalog: this.#catalog,
    };
    this.log.push(name);
    const result = await attempt(() => step(play));
    this.log.pop();
    if (result === 'nothing') return;
    this.log.push(`${this.log.length + 1} ${name}: ${result}`);
    const before = this.#world;
    this.#world = await worldOf(this.#sandbox);
    this.check(INVARIANTS);
    if (name !== 'change the balance') this.check([(world) => balancesFollow(before, world)]);
    if (this.log.length % HISTORY_EVERY === 0) this.check(OF_HISTORY);
  }

  /** Throws what is wrong. */
  check(invariants: readonly Invariant[]): void {
    const problems = invariants.flatMap((invariant) => [...invariant(this.#world)]);
    if (problems.length > 0) throw new Error(problems.join('\n'));
  }

  /** Stops the sandbox and starts another one with what it has kept. */
  async startAgain(): Promise<void> {
    await this.#sandbox.stop();
    const before = this.#world;
    this.#sandbox = await open(this.#stateFile);
    this.#world = await worldOf(this.#sandbox);
    this.check([(world) => stateIsKept(before, world)]);
  }

  end(): Promise<void> {
    return this.#sandbox.stop();
  }
}

function open(stateFile: string): Promise<StripeSandbox> {
  return startStripeSandbox({ stateFile, now: () => BEGIN });
}
