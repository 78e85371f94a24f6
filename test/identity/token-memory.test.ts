import { expect, test } from 'vitest';
import type { User } from '../../src/core/actor.ts';
import { TokenMemory } from '../../src/identity/token-memory.ts';

const user: User = {
  kind: 'user',
  role: 'admin',
  issuer: 'https://a.test',
  subject: 'somebody',
  email: undefined,
};
const now = () => Math.floor(Date.now() / 1000);

test('a token that was verified opens nothing once its time is over', () => {
  const memory = new TokenMemory();
  memory.keep('good', { user, times: { iat: now() - 10, exp: now() + 600 } });
  memory.keep('over', { user, times: { iat: now() - 600, exp: now() - 1 } });
  expect(memory.find('good')).toBe(user);
  expect(memory.find('over')).toBeUndefined();
});

test('a token is known to the letter alone', () => {
  const memory = new TokenMemory();
  memory.keep('a.b.c', { user, times: { exp: now() + 600 } });
  for (const other of ['', 'a.b', 'a.b.c ', 'A.b.c', 'a.b.cc']) expect(memory.find(other)).toBeUndefined();
});

test('an isolate keeps a bounded number of tokens, and forgets the one that it learned first', () => {
  const memory = new TokenMemory();
  const verified = { user, times: { exp: now() + 600 } };
  for (let number = 0; number <= 2000; number += 1) memory.keep(`token ${number}`, verified);
  expect(memory.find('token 0')).toBeUndefined();
  expect(memory.find('token 1')).toBe(user);
  expect(memory.find('token 2000')).toBe(user);
});
