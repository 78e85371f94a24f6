/** The `error` member of Stripe's error answers (https://docs.stripe.com/api/errors). */
export interface ErrorBody {
  type: 'invalid_request_error' | 'idempotency_error' | 'api_error' | 'card_error';
  message: string;
  code?: string;
  decline_code?: string;
  param?: string;
  /** The failed charge of a card error. */
  charge?: string;
  /** The object that the request was about, as the failure has left it. */
  payment_intent?: object;
  setup_intent?: object;
  payment_method?: object;
  doc_url?: string;
  request_log_url?: string;
}

/** An answer of Stripe's that is not 2xx. Thrown where it is found, written by `server/api.ts`. */
export class StripeFailure extends Error {
  readonly status: number;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, body: ErrorBody, headers: Record<string, string> = {}) {
    super(body.message);
    this.status = status;
    this.headers = headers;
    this.body = body.code
      ? { ...body, doc_url: `https://stripe.com/docs/error-codes/${body.code.replaceAll('_', '-')}` }
      : body;
  }
}

/** 400 for a parameter that is wrong. `code` only where Stripe gives one. */
export function invalid(message: string, param?: string, code?: string): StripeFailure {
  return new StripeFailure(400, {
    type: 'invalid_request_error',
    message,
    ...(param !== undefined && { param }),
    ...(code !== undefined && { code }),
  });
}

/** 402: the card cannot be used. */
export function cardError(body: Omit<ErrorBody, 'type'> & { code: string }): StripeFailure {
  return new StripeFailure(402, { ...body, type: 'card_error' });
}

/** 400 for a required parameter that is not there. */
export function missing(param: string): StripeFailure {
  return invalid(`Missing required param: ${param}.`, param, 'parameter_missing');
}

/** 400 for parameters that exclude each other. */
export function onlyOneOf(names: readonly string[], param: string | undefined): StripeFailure {
  return invalid(`You may only specify one of these parameters: ${names.join(', ')}.`, param);
}

/** 400 for a number below the smallest that Stripe takes. */
export function tooSmall(least: 0 | 1, param: string): StripeFailure {
  return invalid(`This value must be greater than or equal to ${least}.`, param, 'parameter_invalid_integer');
}

/** 400 when a parameter names an object that does not exist; 404 when the path does. */
export function noSuch(noun: string, id: string, param: string, status: 400 | 404 = 400): StripeFailure {
  return new StripeFailure(status, {
    type: 'invalid_request_error',
    code: 'resource_missing',
    param,
    message: `No such ${noun}: '${id}'`,
  });
}

/**
 * Refuses parameters that Stripe takes but this sandbox does not play, rather
 * than ignoring them in silence.
 */
export function refuseUnsupported(params: object, names: readonly string[]): void {
  for (const name of names) {
    const value = Object.entries(params).find(([key]) => key === name)?.[1];
    if (value !== undefined && value !== '' && value !== false) {
      throw invalid(`The local Stripe sandbox does not implement the parameter '${name}'.`, name);
    }
  }
}
