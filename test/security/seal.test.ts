import { randomBytes } from 'node:crypto';
import { assert, asyncProperty, string } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSealing, SealBroken, sealingKeys } from '../../src/core/seal.ts';

const newKey = (version: number) => `${version}:${randomBytes(32).toString('base64')}`;
const sealingBy = (...keys: string[]) => createSealing(sealingKeys.parse(keys.join(',')));
const reasonOf = (opening: Promise<unknown>) =>
  opening.then(
    () => 'opened',
    (error: unknown) => (error instanceof SealBroken ? error.reason : error),
  );

describe('a sealed secret', () => {
  const key = newKey(1);
  const sealing = sealingBy(key);

  test('opens to the same text with the same associated data, whatever the text', async () => {
    const text = string({ unit: 'grapheme', maxLength: 200 });
    await assert(
      asyncProperty(text, text, async (secret, associatedData) => {
        expect(await sealing.open(await sealing.seal(secret, associatedData), associatedData)).toBe(secret);
      }),
    );
    for (const secret of ['', '\uFEFFwith a mark of byte order', '\0']) {
      expect(await sealing.open(await sealing.seal(secret, ''), '')).toBe(secret);
    }
  });

  test('does not show the text, and looks different each time', async () => {
    const sealed = await Promise.all(
      Array.from({ length: 50 }, () => sealing.seal('JBSWY3DPEHPK3PXP', 'u1')),
    );
    expect(new Set(sealed).size).toBe(50);
    for (const one of sealed) {
      expect(one).toMatch(/^v1\.[\w-]+$/);
      expect(Buffer.from(one.slice(3), 'base64url').includes('JBSWY3DPEHPK3PXP')).toBe(false);
    }
  });

  test('does not open with other associated data', async () => {
    const sealed = await sealing.seal('JBSWY3DPEHPK3PXP', 'totp:user-1');
    expect(await reasonOf(sealing.open(sealed, 'totp:user-2'))).toBe('not_authentic');
    expect(await reasonOf(sealing.open(sealed, ''))).toBe('not_authentic');
  });

  test('does not open once any one character of it is another, missing or too many', async () => {
    const sealed = await sealing.seal('JBSWY3DPEHPK3PXP', 'u1');
    for (let index = 0; index < sealed.length; index += 1) {
      for (const other of ['', 'A', 'B', '9', '-', '=', '.', `${sealed[index]}A`]) {
        const altered = sealed.slice(0, index) + other + sealed.slice(index + 1);
        if (altered === sealed) continue;
        expect([altered, await reasonOf(sealing.open(altered, 'u1'))]).toEqual([
          altered,
          expect.stringMatching(/^(malformed|unknown_key|not_authentic)$/),
        ]);
      }
    }
  });

  test('does not open with any other last character, some of whose bits stand for nothing', async () => {
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'];
    for (const secret of ['JBSWY3DPEHPK3PXP', 'JBSWY3DPEHPK3PX', 'JBSWY3DPEHPK3P']) {
      const sealed = await sealing.seal(secret, 'u1');
      const others = letters.map((letter) => sealed.slice(0, -1) + letter).filter((text) => text !== sealed);
      const reasons = await Promise.all(others.map((text) => reasonOf(sealing.open(text, 'u1'))));
      expect([reasons.length, reasons.includes('opened')]).toEqual([63, false]);
    }
  });

  test.each(['', 'v1.', 'v1.AAAA', 'JBSWY3DPEHPK3PXP', 'v0.AAAA', 'v1.€', `v1.${'A'.repeat(37)}`])(
    'is not %j',
    async (text) => {
      expect(await reasonOf(sealing.open(text, 'u1'))).toBe('malformed');
    },
  );

  test('does not open by another key of the same version', async () => {
    const sealed = await sealing.seal('JBSWY3DPEHPK3PXP', 'u1');
    expect(await reasonOf(sealingBy(newKey(1)).open(sealed, 'u1'))).toBe('not_authentic');
  });

  test('opens after its key was replaced, for as long as the key is listed', async () => {
    const before = await sealing.seal('before', 'u1');
    const rotated = sealingBy(newKey(2), key);
    const after = await rotated.seal('after', 'u1');
    expect(after).toMatch(/^v2\./);
    expect(await rotated.open(before, 'u1')).toBe('before');
    expect(await rotated.open(after, 'u1')).toBe('after');
    expect(await reasonOf(sealing.open(after, 'u1'))).toBe('unknown_key');
    // The version alone decides nothing: under the other key it is not authentic.
    expect(await reasonOf(rotated.open(before.replace('v1.', 'v2.'), 'u1'))).toBe('not_authentic');
  });

  test('is refused for a text that UTF-8 cannot hold', async () => {
    await expect(sealing.seal('\uD800', 'u1')).rejects.toThrow('surrogate');
    await expect(sealing.seal('x', '\uD800')).rejects.toThrow('surrogate');
  });

  test('needs a key', async () => {
    const none = createSealing([]);
    const refusal = { kind: 'unavailable', code: 'sealing_not_configured' };
    await expect(none.seal('x', 'u1')).rejects.toMatchObject(refusal);
    await expect(none.open(await sealing.seal('x', 'u1'), 'u1')).rejects.toMatchObject(refusal);
  });

  test('tells the log that it is broken, and nothing of what it holds', async () => {
    const error = await sealing.open('v1.c2VjcmV0', 'user-1').catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(SealBroken);
    expect(error instanceof SealBroken && error.describe()).toEqual({ seal: 'malformed' });
    expect(String(error)).not.toMatch(/user-1|c2VjcmV0/);
  });
});
