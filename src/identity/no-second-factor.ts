import { notFound, type DomainError } from '../core/errors.ts';

export function noSecondFactor(): DomainError {
  return notFound('no_second_factor', 'No second factor is set up.');
}
