import type { Actor } from '../core/actor.ts';
import { invalid } from '../core/errors.ts';
import type { Endpoint } from './admin-schemas.ts';
import { addressProblem, mailRecipient } from './endpoint-address.ts';
import { doneOutcome, refusedUrl, shownEndpoint, signedBy, type EndpointDeps } from './endpoint-outcome.ts';
import { createEndpointRow, findEndpoint } from './endpoint-queries.ts';
import { makeSecret, openSecret, sealSecret } from './endpoint-secret.ts';

type Format = Endpoint['format'];

export interface NewEndpoint {
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly description: string | undefined;
  /** Undefined: what the URL suggests. */
  readonly format: Format | undefined;
}

/**
 * Makes an endpoint, which is told of events from now on. Its id is the operation's, so that a request that is made again
 * finds the endpoint that it made.
 * @returns its secret, too; none for mail
 * @throws DomainError `endpoint_url_refused`, `mail_not_configured`, `too_many_endpoints`, `sealing_not_configured`
 */
export async function createEndpoint(
  deps: EndpointDeps,
  actor: Actor,
  { url, eventTypes, description, format = isMail(url) ? 'mail' : 'standard' }: NewEndpoint,
): Promise<{ endpoint: Endpoint; secret: string | undefined }> {
  checkUrl(deps, url, format);
  const { db, sealing, operationId: id } = deps;
  const sealedSecret = format === 'mail' ? null : await sealSecret(sealing, id, makeSecret());
  const [, made, found] = await db.batch([
    signedBy(deps, actor),
    createEndpointRow({ id, url, description, eventTypes, format, sealedSecret }),
    findEndpoint(id),
  ]);
  const { sealed_secret: sealed } = doneOutcome(made.rows);
  const secret = sealed === null ? undefined : await openSecret(sealing, id, sealed);
  return { endpoint: shownEndpoint(found.rows), secret };
}

/** Throws what keeps events from being told at this URL. */
export function checkUrl({ config, mail }: EndpointDeps, url: string, format: Format): void {
  if (isMail(url) !== (format === 'mail')) {
    throw refusedUrl(isMail(url) ? 'is for the format `mail`' : 'must be `mailto:` and one address');
  }
  if (format !== 'mail') {
    const problem = addressProblem(url, config.outbound);
    if (problem !== undefined) throw refusedUrl(problem);
    return;
  }
  if (mailRecipient(url) === undefined) throw refusedUrl('must be `mailto:` and one address');
  if (!mail.isConfigured) {
    throw invalid('mail_not_configured', 'This installation sends no mail: MAIL_FROM is not set.', [
      { pointer: '/url', code: 'mail_not_configured', detail: 'needs mail, which is not configured' },
    ]);
  }
}

export function isMail(url: string): boolean {
  return url.startsWith('mailto:');
}
