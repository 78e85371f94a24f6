import type { Origin } from '../core/origin.ts';
import type { AppContext } from './context.ts';

const agentLength = 300;

/**
 * Cloudflare sets the address itself, whatever a client sends. The agent is whole characters, also where it is cut: the
 * database takes no others.
 */
export function originOf(c: AppContext): Origin {
  const address = c.req.header('CF-Connecting-IP') ?? '';
  return {
    address,
    network: networkOf(address),
    agent: (c.req.header('User-Agent') ?? '').slice(0, agentLength).toWellFormed(),
    requestId: c.get('requestId'),
  };
}

/**
 * Who is counted as one: an IPv4 address, or the 64 bits of an IPv6 address that a customer is given at least, who has
 * all the addresses behind them.
 */
export function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [before = '', after] = address.toLowerCase().split('::');
  const groups = before === '' ? [] : before.split(':');
  const rest = after === undefined || after === '' ? [] : after.split(':');
  const zeros = Array.from({ length: Math.max(0, 8 - groups.length - rest.length) }, () => '0');
  const network = [...groups, ...zeros, ...rest].slice(0, 4);
  return `${network.map((group) => group.replace(/^0+(?=.)/, '')).join(':')}::/64`;
}
