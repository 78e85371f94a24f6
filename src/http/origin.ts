import type { Origin } from '../core/origin.ts';
import type { AppContext } from './context.ts';

const agentLength = 300;

/** Cloudflare sets the address itself, whatever a client sends. */
export function originOf(c: AppContext): Origin {
  return {
    address: c.req.header('CF-Connecting-IP') ?? '',
    agent: (c.req.header('User-Agent') ?? '').slice(0, agentLength),
    requestId: c.get('requestId'),
  };
}
