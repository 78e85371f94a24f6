import { DomainError } from '../core/errors.ts';
import { SealBroken } from '../core/seal.ts';
import { systemClock } from '../core/time.ts';
import type { Deps } from '../deps.ts';
import { failure, type Reply } from './delivery-reply.ts';
import type { Endpoint } from './delivery-schemas.ts';
import { addressProblem } from './endpoint-address.ts';
import { openSecret } from './endpoint-secret.ts';
import { signedHeaders, type SignedMessage } from './sign.ts';

/** What an endpoint may take to answer. */
const answerMilliseconds = 15_000;

type HttpDeps = Pick<Deps, 'config' | 'sealing'>;

/**
 * Posts a signed message. A 2xx answer means that it was taken; a redirect is not followed, since what was signed for
 * one address is for no other. What the endpoint says beside its status is not read.
 */
export async function deliverByHttp(
  deps: HttpDeps,
  endpoint: Endpoint,
  message: SignedMessage,
): Promise<Reply> {
  if (addressProblem(endpoint.url, deps.config.outbound) !== undefined) return failure('address_not_allowed');
  const secrets = await openSecrets(deps, endpoint);
  if (!Array.isArray(secrets)) return failure(secrets);
  const headers = {
    'Content-Type': 'application/json',
    'User-Agent': 'Ratecard',
    ...signedHeaders(secrets, message, systemClock.now()),
  };
  return post(endpoint.url, headers, message.body);
}

/** The secrets, or why they cannot be had. */
async function openSecrets(
  { sealing }: HttpDeps,
  { id, sealedSecrets }: Endpoint,
): Promise<string[] | 'secret_unreadable' | 'sealing_not_configured'> {
  try {
    return await Promise.all(sealedSecrets.map((sealed) => openSecret(sealing, id, sealed)));
  } catch (error) {
    if (error instanceof SealBroken) return 'secret_unreadable';
    if (error instanceof DomainError && error.code === 'sealing_not_configured') return error.code;
    throw error;
  }
}

async function post(url: string, headers: Readonly<Record<string, string>>, body: string): Promise<Reply> {
  try {
    const response = await fetch(url, {
      method: 'POST',
      headers,
      body,
      redirect: 'manual',
      signal: AbortSignal.timeout(answerMilliseconds),
    });
    await response.body?.cancel().catch(() => undefined);
    return replyOf(response);
  } catch (error) {
    return failure(error instanceof Error && error.name === 'TimeoutError' ? 'timeout' : 'connection');
  }
}

function replyOf({ status, headers }: Response): Reply {
  if (status >= 200 && status < 300) return { statusCode: status, error: null, waitSeconds: null };
  const error = status >= 300 && status < 400 ? 'redirect' : `http ${status}`;
  const isAsking = status === 429 || status === 503;
  return {
    statusCode: status,
    error,
    waitSeconds: isAsking ? secondsUntil(headers.get('Retry-After')) : null,
  };
}

/** `Retry-After` (RFC 9110, 10.2.3): seconds, or an instant. */
function secondsUntil(retryAfter: string | null): number | null {
  if (retryAfter === null) return null;
  const seconds = /^\d{1,9}$/.test(retryAfter)
    ? Number(retryAfter)
    : Math.ceil((Date.parse(retryAfter) - systemClock.now().getTime()) / 1000);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, 86_400) : null;
}
