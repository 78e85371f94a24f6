import { afterAll, beforeAll, expect, test } from 'vitest';
import { expectSoundLedger } from '../support/ledger.ts';
import { expectedBooks, foundBooks } from '../support/soak/books.ts';
import { deliverAll, planDeliveries } from '../support/soak/deliveries.ts';
import { factsOf } from '../support/soak/facts.ts';
import { beginFaults, endFaults } from '../support/soak/faults.ts';
import { expectConsistent, reportOf, type Report } from '../support/soak/report.ts';
import { sellAll } from '../support/soak/sales.ts';
import { calmDown, Course, scheduleOf } from '../support/soak/schedule.ts';
import { syncToStripe } from '../support/stripe-sync.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';
import { Random } from '../stripe-sandbox/stories/random.ts';

/** `npm run test:soak:webhooks` asks for more. */
const facts = Number(process.env['SOAK_FACTS'] ?? 60);
const deliveries = Number(process.env['SOAK_DELIVERIES'] ?? 150);
/** Printed with the report: the same seed brings the same deliveries, faults and deaths again. */
const seed = Number(process.env['SOAK_SEED'] ?? 5);
const atOnce = 50;
const foreignFacts = Math.floor(facts / 10);
/** A round has three deaths. */
const rounds = Math.max(1, Math.floor(deliveries / 1000));
const hangsAtMost = Math.max(4, Math.floor(deliveries / 100));

let worker: TestWorker;

beforeAll(async () => {
  worker = await startWorker({ stripeDelivers: false });
  await syncToStripe(worker);
});
afterAll(() => worker.stop());

test(
  `whatever dies, refuses, hangs, and is lost: in the end every fact has its effect once, and no event is left (seed ${seed})`,
  { timeout: 60_000 + deliveries * 250 },
  async () => {
    const started = Date.now();
    const customers = await sellAll(worker, facts - foreignFacts);
    const known = await factsOf(worker, customers, foreignFacts);
    const events = planDeliveries(known, deliveries, new Random(seed));
    const sold = Date.now();

    const course = new Course(worker, scheduleOf(deliveries, rounds));
    const faults = beginFaults(worker, seed, hangsAtMost);
    const counts = await deliverAll(events, { worker, course, atOnce });
    await course.end();
    endFaults(worker);
    const delivered = Date.now();
    await calmDown(worker);

    const milliseconds = { selling: sold - started, storm: delivered - sold, calm: Date.now() - delivered };
    const report: Report = await reportOf(worker, {
      seed,
      facts: known,
      events,
      counts,
      course,
      faults,
      milliseconds,
    });
    console.log(JSON.stringify(report, null, 2));
    const found = await foundBooks(worker);
    expect(customers.map(({ buyer }) => found.get(buyer.subject))).toEqual(customers.map(expectedBooks));
    expect(found.size).toBe(customers.length);
    await expectSoundLedger((sql) => worker.database.query(sql));
    expectConsistent(report, { facts, deliveries });
  },
);
