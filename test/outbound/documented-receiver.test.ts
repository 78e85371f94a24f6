import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSecret } from '../../src/outbound/endpoint-secret.ts';
import { signedHeaders } from '../../src/outbound/sign.ts';
import { freePort } from '../e2e/dev-stack.ts';
import { deliveriesTo, happen, insertEndpoint, told, type TestEndpoint } from '../support/endpoints.ts';
import { eventually } from '../support/eventually.ts';
import { startWorker, type TestWorker } from '../support/worker.ts';

let worker: TestWorker;
let folder: string;
let endpoint: TestEndpoint;
let receiver: ChildProcess;
let printed = '';

/** The receiver of docs/events.md, as somebody copies it from there. */
beforeAll(async () => {
  worker = await startWorker();
  const port = await freePort();
  endpoint = await insertEndpoint(worker, {
    url: `http://127.0.0.1:${port}/`,
    eventTypes: ['test.happened'],
  });
  const [, code = ''] = /^```js\n([\s\S]*?)^```$/m.exec(readFileSync('docs/events.md', 'utf8')) ?? [];
  folder = mkdtempSync(join(tmpdir(), 'ratecard-receiver-'));
  writeFileSync(join(folder, 'receiver.mjs'), code);
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  receiver = spawn(process.execPath, [join(folder, 'receiver.mjs')], {
    env: { ...process.env, RATECARD_SECRET: endpoint.secret, PORT: String(port) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  receiver.stdout?.on('data', (data: Buffer) => (printed += String(data)));
  await eventually('the receiver listens', () =>
    fetch(endpoint.url).then(
      () => true,
      () => false,
    ),
  );
});
afterAll(async () => {
  receiver.kill();
  rmSync(folder, { recursive: true, force: true });
  await worker.stop();
});

test('the receiver of docs/events.md takes what Ratecard sends, once, and nothing else', async () => {
  await happen(worker, 'test.happened', { customer: { subject: 'user-1' } });
  await worker.scheduled();
  const [delivery] = await told(worker, endpoint);
  expect(delivery).toMatchObject({ status: 'delivered', last_status_code: 204 });
  await worker.database.query("update event_deliveries set status = 'pending', next_attempt_at = now()");
  await worker.scheduled();
  await eventually('it is told again', async () => {
    const [again] = await deliveriesTo(worker, endpoint);
    return again?.status === 'delivered' && again.attempts === 2;
  });
  expect(printed).toBe(`${delivery?.event_id} test.happened user-1\n`);
  const body = '{"type":"test.happened","timestamp":"2026-01-01T00:00:00.000Z","data":{}}';
  const forged = signedHeaders([makeSecret()], { id: 'msg_1', body }, new Date());
  for (const headers of [{ ...forged }, {}]) {
    expect((await fetch(endpoint.url, { method: 'POST', body, headers })).status).toBe(401);
  }
});
