import {
  accountOf,
  answer,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  markReplay,
  userOf,
} from '../http/index.ts';
import { holdCredits } from './hold-credits.ts';
import {
  captureAnswer,
  captureBody,
  heldAnswer,
  holdAnswer,
  holdBody,
  holdParameters,
  holdQuery,
  holdsAnswer,
  holdsQuery,
  releaseBody,
} from './hold-schemas.ts';
import type { StartTopUp } from './spending-routes.ts';
import { readHold, readHolds } from './read-holds.ts';
import { captureCredits, releaseCredits } from './settle-hold.ts';

const tags = ['Credits'];

const postHold = defineRoute(
  'account',
  {
    method: 'post',
    path: '/credits/holds',
    summary: 'Reserve credits',
    description:
      'For work whose cost is not known yet: what is held is not available for anything else, and is certain to be there for the capture. It comes back by itself when the hold expires. Refusals and `Idempotency-Key` as of `POST /credits/spend`.',
    tags,
    request: { body: jsonBody(holdBody) },
    responses: { 200: jsonResponse('Held.', heldAnswer) },
  },
  { scope: 'credits:spend' },
);

const getHolds = defineRoute(
  'account',
  {
    method: 'get',
    path: '/credits/holds',
    summary: 'The customer’s holds',
    description: 'Newest first. 400 `invalid_cursor`.',
    tags,
    request: { query: holdsQuery },
    responses: { 200: jsonResponse('One page of holds.', holdsAnswer) },
  },
  { scope: 'credits:read' },
);

const getHold = defineRoute(
  'account',
  {
    method: 'get',
    path: '/credits/holds/{id}',
    summary: 'One hold',
    description: '404 `hold_not_found`.',
    tags,
    request: { params: holdParameters, query: holdQuery },
    responses: { 200: jsonResponse('The hold.', holdAnswer) },
  },
  { scope: 'credits:read' },
);

const captureHold = defineRoute(
  'account',
  {
    method: 'post',
    path: '/credits/holds/{id}/capture',
    summary: 'Take what was used of a hold',
    description:
      'At most what is held; the rest is given free. 404 `hold_not_found`; 409 `hold_not_active` with `hold_status`, when it was captured, released or has expired; 422 `capture_exceeds_hold` with `held`.',
    tags,
    request: { params: holdParameters, body: jsonBody(captureBody) },
    responses: { 200: jsonResponse('Captured.', captureAnswer) },
  },
  { scope: 'credits:spend' },
);

const releaseHold = defineRoute(
  'account',
  {
    method: 'post',
    path: '/credits/holds/{id}/release',
    summary: 'Give a hold free',
    description:
      '404 `hold_not_found`; 409 `hold_not_active` with `hold_status`, when it was captured, released or has expired.',
    tags,
    request: { params: holdParameters, body: jsonBody(releaseBody) },
    responses: { 200: jsonResponse('Released.', heldAnswer) },
  },
  { scope: 'credits:spend' },
);

export function createHoldRoutes(startTopUp: StartTopUp) {
  return createRoutes()
    .openapi(postHold, async (c) => {
      const usage = c.req.valid('json');
      const account = accountOf(c, usage.customer);
      const deps = c.get('deps');
      const { hold, credits, isReplay, topUpFor } = await holdCredits(deps, userOf(c), account, usage);
      if (topUpFor !== null) startTopUp(deps, topUpFor);
      if (isReplay) markReplay(c);
      return answer(c, heldAnswer, { success: true, hold, credits });
    })
    .openapi(getHolds, async (c) => {
      const query = c.req.valid('query');
      const holds = await readHolds(c.get('deps'), accountOf(c, query.customer), query);
      return answer(c, holdsAnswer, { success: true, ...holds });
    })
    .openapi(getHold, async (c) => {
      const account = accountOf(c, c.req.valid('query').customer);
      const hold = await readHold(c.get('deps'), account, c.req.valid('param').id);
      return answer(c, holdAnswer, { success: true, hold });
    })
    .openapi(captureHold, async (c) => {
      const { amount, customer } = c.req.valid('json');
      const { id } = c.req.valid('param');
      const deps = c.get('deps');
      const { hold, transaction, credits, topUpFor } = await captureCredits(
        deps,
        userOf(c),
        accountOf(c, customer),
        { id, amount },
      );
      if (topUpFor !== null) startTopUp(deps, topUpFor);
      return answer(c, captureAnswer, { success: true, hold, transaction, credits });
    })
    .openapi(releaseHold, async (c) => {
      const account = accountOf(c, c.req.valid('json').customer);
      const { hold, credits } = await releaseCredits(c.get('deps'), account, c.req.valid('param').id);
      return answer(c, heldAnswer, { success: true, hold, credits });
    });
}
