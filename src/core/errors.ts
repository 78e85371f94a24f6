/** What kind of refusal an error is. The HTTP edge gives each kind its status; nothing below knows of HTTP. */
export type ErrorKind =
  | 'malformed'
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'payment_required'
  | 'not_found'
  | 'conflict'
  | 'precondition_failed'
  | 'too_many_requests'
  | 'unavailable';

/** One thing that is wrong with the input: where (a JSON pointer, RFC 6901, or a parameter's name) and what. */
export interface FieldError {
  readonly pointer: string;
  readonly code: string;
  readonly detail: string;
}

interface ErrorOptions {
  /** What is wrong, field by field. */
  readonly fields?: readonly FieldError[];
  /** Further members of the answer, such as the present offer of a changed price. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds?: number;
  readonly cause?: unknown;
}

/**
 * An error that a client is meant to see. `code` is stable and machine-readable, `message` is for people and never
 * carries SQL, parameters, tokens or another library's text. Every other error is a fault and is told to nobody.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';
  readonly kind: ErrorKind;
  readonly code: string;
  readonly fields: readonly FieldError[];
  readonly members: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | undefined;

  constructor(kind: ErrorKind, code: string, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.kind = kind;
    this.code = code;
    this.fields = options.fields ?? [];
    this.members = options.members ?? {};
    this.retryAfterSeconds = options.retryAfterSeconds;
  }
}

/** The request itself cannot be read: its form is wrong, before anybody asks what it means. */
export function malformed(code: string, message: string, fields: readonly FieldError[] = []): DomainError {
  return new DomainError('malformed', code, message, { fields });
}

/** The request can be read, and asks for something that cannot be. */
export function invalid(code: string, message: string, fields: readonly FieldError[] = []): DomainError {
  return new DomainError('invalid', code, message, { fields });
}

export function notFound(code: string, message: string): DomainError {
  return new DomainError('not_found', code, message);
}

export function conflict(code: string, message: string, members: Record<string, unknown> = {}): DomainError {
  return new DomainError('conflict', code, message, { members });
}

/** Says no more of a credential than that it proves nobody. */
export function invalidToken(): DomainError {
  return new DomainError('unauthenticated', 'invalid_token', 'A valid access token is needed.');
}

export function foreignOrigin(): DomainError {
  return new DomainError('forbidden', 'foreign_origin', 'With a cookie, only our own pages change anything.');
}

export function reauthenticationRequired(): DomainError {
  return new DomainError(
    'forbidden',
    'reauthentication_required',
    'Give your password, and your code where you have one, once more (POST /auth/confirm).',
  );
}

/** The same, to who has no password here: who comes with another issuer's token, or an operator's. */
export function signInNeeded(): DomainError {
  return new DomainError(
    'forbidden',
    'reauthentication_required',
    'This wants a password given just now, which your token cannot prove: sign in to an account here (POST /auth/sign-in).',
  );
}

/** Says not which of the two is wrong. */
export function confirmationFailed(): DomainError {
  return new DomainError('forbidden', 'confirmation_failed', 'The password or the code is wrong.');
}

/** A service that this request needs does not answer; the same request may succeed later. */
export function unavailable(
  code: string,
  message: string,
  cause?: unknown,
  retryAfterSeconds = 5,
): DomainError {
  return new DomainError('unavailable', code, message, { cause, retryAfterSeconds });
}

/** For the `default` of a switch over a closed union: does not compile while a case is missing. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value of type ${typeof value}`);
}
