import { grantPlanMonths, reconcileNightly, runTopUps } from './billing/index.ts';
import { createLog, describeFault } from './core/log.ts';
import { businessClock, systemClock } from './core/time.ts';
import { expireCredits, mendCosts } from './credits/index.ts';
import { forgetOldKeys } from './db/index.ts';
import { createDeps, type Deps } from './deps.ts';
import { configurationOf } from './http/index.ts';
import { convergeStripe, mendCatalogue } from './pricing/index.ts';
import { answerDoorbells, sweepEvents } from './webhooks/index.ts';

/** Messages are only doorbells: all are taken, and what could not be done is found by the sweep. */
export async function handleQueue(
  batch: MessageBatch<unknown>,
  env: Env,
  context: ExecutionContext,
): Promise<void> {
  const deps = await jobDeps(env, context);
  if (deps !== undefined) {
    await answerDoorbells(
      deps,
      batch.messages.map(({ body }) => body),
    );
  }
  batch.ackAll();
}

type Job = (deps: Deps) => Promise<unknown>;

/** Every minute. Each brings one thing up to what the database says, and can be run again at any time. */
const everyMinute = {
  sweepEvents,
  convergeStripe,
  mendCatalogue,
  mendCosts,
  grantPlanMonths,
  expireCredits,
  runTopUps,
} satisfies Readonly<Record<string, Job>>;

const everyHour = {
  forgetOldKeys: (deps) => deps.db.run(forgetOldKeys(systemClock.now())),
} satisfies Readonly<Record<string, Job>>;

/** At 03:17 UTC, when little else happens. */
const everyNight = { reconcileNightly } satisfies Readonly<Record<string, Job>>;

export async function handleScheduled(
  controller: ScheduledController,
  env: Env,
  context: ExecutionContext,
): Promise<void> {
  const deps = await jobDeps(env, context);
  if (deps === undefined) return;
  const time = new Date(controller.scheduledTime);
  const isFullHour = time.getUTCMinutes() === 0;
  const isNight = time.getUTCHours() === 3 && time.getUTCMinutes() === 17;
  const jobs = Object.entries<Job>({
    ...everyMinute,
    ...(isFullHour ? everyHour : {}),
    ...(isNight ? everyNight : {}),
  });
  await Promise.all(jobs.map(([name, job]) => runJob(deps, name, job)));
}

/** One job that fails does not take the others with it. */
async function runJob(deps: Deps, name: string, job: Job): Promise<void> {
  try {
    await job(deps);
  } catch (error) {
    deps.log.error('job_failed', { job: name, ...describeFault(error) });
  }
}

/** Undefined while the configuration is not good: then nothing is done, as nothing is served. */
async function jobDeps(env: Env, context: ExecutionContext): Promise<Deps | undefined> {
  const result = configurationOf(env);
  if (!result.ok) {
    const variables = result.problems.map(({ variable }) => variable).join(', ');
    createLog().error('misconfigured', { variables });
    return undefined;
  }
  return createDeps(env, result.config, {
    requestId: `job_${crypto.randomUUID().replaceAll('-', '')}`,
    operationId: crypto.randomUUID(),
    clock: await businessClock(result.config.clockUrl),
    waitUntil: (promise) => context.waitUntil(promise),
  });
}
