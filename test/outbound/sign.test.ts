import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { makeSecret } from '../../src/outbound/endpoint-secret.ts';
import { signedHeaders } from '../../src/outbound/sign.ts';
import { inTurn, startReceiver, type Receiver } from '../support/receiver.ts';

let receiver: Receiver;

beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(() => receiver.stop());

const body = JSON.stringify({ type: 'credits.granted', data: { text: 'Ünïcode, “quoted”' } });

test('what was sent is verified by the library with each secret that signed it, and with no other', async () => {
  const [present, previous] = [makeSecret(), makeSecret()];
  const headers = signedHeaders([present, previous], { id: 'msg_1', body }, new Date());
  await fetch(`${receiver.url}/one`, { method: 'POST', body, headers });
  const [request] = receiver.requests('/one');
  if (request === undefined) throw new Error('nothing came');
  for (const secret of [present, previous]) {
    expect(new Webhook(secret).verify(request.body, request.headers)).toEqual(JSON.parse(body));
  }
  expect(() => new Webhook(makeSecret()).verify(request.body, request.headers)).toThrow(
    'No matching signature',
  );
  expect(() => new Webhook(present).verify(`${request.body} `, request.headers)).toThrow(
    'No matching signature',
  );
  const renamed = { ...request.headers, 'webhook-id': 'msg_2' };
  expect(() => new Webhook(present).verify(request.body, renamed)).toThrow('No matching signature');
});

test('a signature is good for some minutes by the machine’s time', () => {
  const secret = makeSecret();
  const old = signedHeaders([secret], { id: 'msg_1', body }, new Date(Date.now() - 3_600_000));
  expect(() => new Webhook(secret).verify(body, { ...old })).toThrow('too old');
});

test('a receiver answers as it is told', async () => {
  receiver.setAnswer(inTurn(500, 'drop', { status: 307, headers: { Location: '/else' } }, 410));
  const ask = () =>
    fetch(`${receiver.url}/two`, { method: 'POST', body: 'x', redirect: 'manual' }).then(
      ({ status }) => status,
      () => 'no answer',
    );
  expect([await ask(), await ask(), await ask(), await ask(), await ask()]).toEqual([
    500,
    'no answer',
    307,
    410,
    410,
  ]);
  expect(receiver.requests('/two')).toHaveLength(5);
  expect(receiver.requests('/else')).toHaveLength(0);
});
