import { list, operation, own, retrieve, type Operation } from '../api/operations.ts';
import { refuseUnsupported } from '../api/errors.ts';
import { deleteCustomer } from '../billing/subscriptions/delete-customer.ts';
import { createTestClock } from '../objects/test-clock.ts';
import { inTimeOf } from '../state/clock.ts';
import type { Context } from '../state/context.ts';
import type { DeletedObject } from '../state/store.ts';
import { advanceTestClock } from '../time/advance.ts';

const PATH = '/v1/test_helpers/test_clocks';

export const testClocks: readonly Operation[] = [
  operation('POST', PATH, 'testClockCreate', (context, params) => {
    refuseUnsupported(params, ['customer']);
    return createTestClock(context, params);
  }),
  retrieve(PATH, 'test_helpers.test_clock'),
  operation('POST', `${PATH}/:id/advance`, 'testClockAdvance', (context, params, id) =>
    advanceTestClock(context, own(context, 'test_helpers.test_clock', id), params.frozen_time),
  ),
  operation('DELETE', `${PATH}/:id`, 'nothing', (context, _params, id) => deleteTestClock(context, id)),
  list(PATH, 'test_helpers.test_clock', 'testClockList'),
];

/** What lives on the clock ends with it. */
function deleteTestClock(context: Context, id: string): DeletedObject {
  const clock = own(context, 'test_helpers.test_clock', id);
  for (const customer of context.store.all('customer')) {
    if (customer.test_clock === id) deleteCustomer(inTimeOf(context, customer.id), customer);
  }
  context.events.emit(context, 'test_helpers.test_clock.deleted', clock);
  return context.store.delete(clock);
}
