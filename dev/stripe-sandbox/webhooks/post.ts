const ANSWER_CHARACTERS_KEPT = 500;

export interface EndpointAnswer {
  /** null when there was none. */
  readonly status: number | null;
  /** The start of the answer's body, or what went wrong without one. */
  readonly answer: string;
}

/** Sends one event as Stripe does. `stop` ends the attempt. */
export async function postEvent(
  url: string,
  body: string,
  signature: string,
  timeoutSeconds: number,
  stop: AbortSignal,
): Promise<EndpointAnswer> {
  const timeout = AbortSignal.timeout(timeoutSeconds * 1000);
  try {
    const response = await fetch(url, {
      method: 'POST',
      body,
      redirect: 'manual',
      signal: AbortSignal.any([timeout, stop]),
      headers: {
        'content-type': 'application/json; charset=utf-8',
        'stripe-signature': signature,
        'user-agent': 'Stripe/1.0 (+https://stripe.com/docs/webhooks)',
      },
    });
    return { status: response.status, answer: (await response.text()).slice(0, ANSWER_CHARACTERS_KEPT) };
  } catch (error) {
    return { status: null, answer: timeout.aborted ? 'timed out' : reasonOf(error) };
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}
