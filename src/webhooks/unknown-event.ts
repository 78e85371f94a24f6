import { notFound, type DomainError } from '../core/errors.ts';

export function unknownEvent(): DomainError {
  return notFound('event_not_found', 'The inbox has no such event.');
}
