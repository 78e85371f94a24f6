import { differences } from '../differences.ts';
import type { World } from '../world.ts';

/** Where a hosted page is: the sandbox listens elsewhere after it was started again. */
const PAGES = /(^|\.)(url|hosted_invoice_url|invoice_pdf)$/;

/** A sandbox that goes on where another ended has the same objects, in the same order. */
export function* stateIsKept(before: World, after: World): Iterable<string> {
  for (const path of differences(before.objects(), after.objects())) {
    if (!PAGES.test(path)) yield `the state has changed by the restart: ${path}`;
  }
  if (before.now !== after.now) yield `the time was ${before.now} and is ${after.now}`;
}
