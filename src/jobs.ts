import { grantPlanMonths, reconcileNightly, runTopUps } from './billing/index.ts';
import { createLog, describeFault, type LogMembers } from './core/log.ts';
import { businessClock, systemClock } from './core/time.ts';
import { expireCredits, mendCosts } from './credits/index.ts';
import { forgetOldKeys } from './db/index.ts';
import { createDeps, type Deps } from './deps.ts';
import { configurationOf } from './http/index.ts';
import { forgetOldProofs, forgetOldSignIns } from './identity/index.ts';
import { answerBeats, beat, evaluateAlerts, flushCounts, isBeat, rollUpMetrics } from './ops/index.ts';
import {
  answerDeliveries,
  deleteOldEvents,
  dispatchDeliveries,
  isDeliveryMessage,
  sweepDeliveries,
} from './outbound/index.ts';
import { convergeStripe, mendCatalogue } from './pricing/index.ts';
import { answerDoorbells, cleanInbox, findGaps, sweepEvents } from './webhooks/index.ts';

/** Where messages end that no consumer could deal with. What they stood for is in the database, and is swept up. */
const deadLetterQueue = 'ratecard-webhooks-dead';

/** While the configuration is not good, messages wait; each of the others is answered on its own. */
export async function handleQueue(
  batch: MessageBatch<unknown>,
  env: Env,
  context: ExecutionContext,
): Promise<void> {
  const deps = await jobDeps(env, context);
  if (deps === undefined) {
    batch.retryAll({ delaySeconds: 60 });
  } else if (batch.queue === deadLetterQueue) {
    deps.log.error('queue_messages_dead', { count: batch.messages.length });
    batch.ackAll();
  } else {
    const { length } = batch.messages;
    await logged(deps, 'queue', { queue: batch.queue, messages: length }, () =>
      answerMessages(deps, batch.messages),
    );
    if (deps.counts.isDue(systemClock.now(), true)) deps.later('flushCounts', flushCounts);
  }
}

/** Writes the one log line of a batch of messages, or of a run of the cron trigger: how long it took, and what it asked. */
async function logged(
  deps: Deps,
  event: string,
  members: LogMembers,
  work: () => Promise<void>,
): Promise<void> {
  const started = performance.now();
  await work();
  const { database, stripe } = deps.usage;
  deps.log.info(event, {
    ...members,
    duration_ms: Math.round(performance.now() - started),
    db_calls: database.calls,
    db_ms: Math.round(database.milliseconds),
    stripe_calls: stripe.calls,
    stripe_ms: Math.round(stripe.milliseconds),
  });
}

/** Each part gets the messages of its kind. What the events led to is told at once. */
async function answerMessages(deps: Deps, messages: readonly Message[]): Promise<void> {
  const beats = messages.filter(({ body }) => isBeat(body));
  const deliveries = messages.filter(({ body }) => isDeliveryMessage(body));
  const doorbells = messages.filter(({ body }) => !isBeat(body) && !isDeliveryMessage(body));
  const answerEvents = async () => {
    if (doorbells.length === 0) return;
    await answerDoorbells(deps, doorbells);
    await runJob(deps, 'dispatchDeliveries', dispatchDeliveries);
  };
  await Promise.all([answerBeats(deps, beats), answerEvents(), answerDeliveries(deps, deliveries)]);
}

type Job = (deps: Deps) => Promise<unknown>;

/**
 * What is done when, by the cron triggers of wrangler.toml, each in an invocation of its own. Every job brings one thing
 * up to what the database says, and can be run again at any time.
 */
export const schedule: Readonly<Record<string, Readonly<Record<string, Job>>>> = {
  '* * * * *': {
    beat,
    evaluateAlerts,
    sweepEvents,
    convergeStripe,
    mendCatalogue,
    mendCosts,
    grantPlanMonths,
    expireCredits,
    runTopUps,
    sweepDeliveries,
    rollUpMetrics,
  },
  '*/5 * * * *': { findGaps },
  '47 * * * *': {
    forgetOldKeys: (deps) => deps.db.run(forgetOldKeys(systemClock.now())),
    cleanInbox,
    deleteOldEvents,
    forgetOldProofs,
    forgetOldSignIns,
  },
  // When little else happens.
  '17 3 * * *': { reconcileNightly },
};

export async function handleScheduled(
  controller: ScheduledController,
  env: Env,
  context: ExecutionContext,
): Promise<void> {
  const deps = await jobDeps(env, context);
  if (deps === undefined) return;
  const { cron } = controller;
  const jobs = Object.entries(schedule[cron] ?? {});
  await logged(deps, 'scheduled', { cron, jobs: jobs.length }, async () => {
    await Promise.all(jobs.map(([name, job]) => runJob(deps, name, job)));
    // What they led to is told at once.
    await runJob(deps, 'dispatchDeliveries', dispatchDeliveries);
  });
  if (deps.counts.isDue(systemClock.now(), true)) await runJob(deps, 'flushCounts', flushCounts);
}

/** One job that fails does not take the others with it. */
async function runJob(deps: Deps, name: string, job: Job): Promise<void> {
  const started = performance.now();
  let outcome = 'done';
  try {
    await job(deps);
  } catch (error) {
    outcome = 'failed';
    deps.log.error('job_failed', { job: name, ...describeFault(error) });
  }
  deps.counts.add('job_runs', [name, outcome], (performance.now() - started) / 1000);
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
