import { invalid, type DomainError } from '../core/errors.ts';

/** The same for a link that never was, was used, or is over. */
export function invalidLink(): DomainError {
  return invalid('invalid_link', 'The link is wrong, was used, or is over: ask for a new one.', [
    { pointer: '/token', code: 'invalid_link', detail: 'is wrong, was used, or is over' },
  ]);
}
