import type { User } from '../core/actor.ts';
import { invalidToken } from '../core/errors.ts';
import type { Deps } from '../deps.ts';
import { customerOf } from './known-customer.ts';
import { verifyLegacyToken } from './legacy-token.ts';
import { verifyOutsideToken } from './outside-token.ts';
import { readToken } from './token-parts.ts';
import { TokenMemory } from './token-memory.ts';
import { verifyAccessToken, type TokenSettings } from './verify-token.ts';

/**
 * Whom a token vouches for. Whom it names as its issuer only chooses who verifies it, and nothing is asked of anybody
 * for an issuer that nobody is.
 * @throws `invalid_token`; `issuer_unavailable`
 */
export async function userOfToken(deps: Deps, text: string): Promise<User> {
  const { tokens } = deps.config;
  const memory = memoryOf(tokens);
  const known = memory.find(text);
  if (known !== undefined) return known;
  const token = readToken(text);
  const { iss } = token.claims;
  if (iss === tokens.issuer) {
    const verified = await verifyAccessToken(token, tokens);
    memory.keep(text, verified);
    return verified.user;
  }
  const { legacyIssuer } = tokens;
  if (legacyIssuer !== undefined && (iss === undefined || iss === legacyIssuer)) {
    return customerOf(deps, await verifyLegacyToken(token, tokens, legacyIssuer));
  }
  const outside = typeof iss === 'string' ? deps.issuers.outside.get(iss) : undefined;
  if (outside === undefined) throw invalidToken();
  const { role, ...identity } = await verifyOutsideToken(deps.log, token, outside.issuer, outside.keys);
  if (role === 'customer') return customerOf(deps, identity);
  return { kind: 'user', role, ...identity };
}

/** Settings of other secrets are other settings, and nothing is known under them. */
const memories = new WeakMap<TokenSettings, TokenMemory>();

function memoryOf(settings: TokenSettings): TokenMemory {
  const present = memories.get(settings) ?? new TokenMemory();
  memories.set(settings, present);
  return present;
}
