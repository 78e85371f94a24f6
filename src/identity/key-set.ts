import {
  createRemoteJWKSet,
  customFetch,
  errors,
  type FetchImplementation,
  type JWTVerifyGetKey,
} from 'jose';
import { z } from 'zod';
import { unavailable } from '../core/errors.ts';
import { describeFault, type Log } from '../core/log.ts';
import { systemClock } from '../core/time.ts';

/** Longer than an issuer takes, shorter than a client's patience. */
const answerMilliseconds = 3000;
/** Keys this young are taken as they are; older ones are asked for again. */
const freshMilliseconds = 10 * 60 * 1000;
/** The oldest keys that are taken while their issuer does not answer. */
const usableMilliseconds = 24 * 60 * 60 * 1000;
/** How long a key that is not there, or an issuer that did not answer, is not asked for again. */
const cooldownMilliseconds = 30 * 1000;
/** The same while there are no keys at all: nobody comes in until it answers. What `Retry-After` says. */
const coldCooldownMilliseconds = 5 * 1000;
/** More than any issuer has keys. */
const maximumBytes = 256 * 1024;

const jwkSet = z.object({ keys: z.array(z.looseObject({ kty: z.string() })).max(100) });

/** The keys that an outside issuer publishes (RFC 7517), kept by one isolate. */
export interface KeySet {
  /**
   * For `jwtVerify`: the key that a token's header names. A key that is not there is asked for once in 30 s.
   * @throws `issuer_unavailable` where the issuer does not tell its keys, and none of them is kept from before
   */
  finder(log: Log): JWTVerifyGetKey;
}

/** Nothing is asked for before the first token. Keys are kept, not promises: each request waits for its own. */
export function openKeySet(url: URL): KeySet {
  let loadedAt = -Infinity;
  let failedAt = -Infinity;
  const isYounger = (moment: number, milliseconds: number) =>
    systemClock.now().getTime() - moment < milliseconds;

  const load: FetchImplementation = async (address, options) => {
    const isCold = !isYounger(loadedAt, usableMilliseconds);
    if (isYounger(failedAt, isCold ? coldCooldownMilliseconds : cooldownMilliseconds)) {
      throw new Error('the issuer did not answer just now');
    }
    try {
      const keys = await readKeys(await fetch(address, options));
      loadedAt = systemClock.now().getTime();
      return Response.json(keys);
    } catch (error) {
      failedAt = systemClock.now().getTime();
      throw error;
    }
  };

  const remote = createRemoteJWKSet(url, {
    timeoutDuration: answerMilliseconds,
    cooldownDuration: cooldownMilliseconds,
    cacheMaxAge: usableMilliseconds,
    [customFetch]: load,
  });

  /** Keys of before are better than none; that of a withdrawn one is taken for as long as its issuer is silent. */
  async function renew(log: Log): Promise<void> {
    const isDue = isYounger(loadedAt, usableMilliseconds) && !isYounger(loadedAt, freshMilliseconds);
    if (!isDue || isYounger(failedAt, cooldownMilliseconds)) return;
    await remote.reload().catch((error: unknown) => {
      log.warn('issuer_keys_stale', { host: url.host, ...describeFault(error) });
    });
  }

  return {
    finder: (log) => async (header, token) => {
      await renew(log);
      try {
        return await remote(header, token);
      } catch (error) {
        if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys)
          throw error;
        throw unavailable(
          'issuer_unavailable',
          'The issuer of this token does not tell its keys now.',
          error,
        );
      }
    },
  };
}

async function readKeys(response: Response): Promise<unknown> {
  if (response.status !== 200) {
    await response.body?.cancel();
    throw new Error('the issuer did not answer with its keys');
  }
  return jwkSet.parse(JSON.parse(await readText(response)));
}

async function readText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  let text = '';
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.byteLength;
    if (length > maximumBytes) throw new Error('the issuer told too much');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
