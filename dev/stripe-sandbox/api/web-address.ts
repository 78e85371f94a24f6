import { invalid } from './errors.ts';

type Given = string | null | undefined;

/**
 * Checks an address that a browser is led to, or that a page links to: of the
 * web only, no script. Throws Stripe's 400; passes where there is none.
 */
export function checkWebAddress(address: Given, param: string): void {
  if (address === null || address === undefined) return;
  if (!/^https?:\/\//i.test(address)) throw notValid(param);
  checkAddress(address, param);
}

/** The same for where an app may be, too, by a scheme of its own. */
export function checkAddress(address: Given, param: string): void {
  if (address === null || address === undefined) return;
  const url = URL.parse(address);
  if (!url || url.protocol === 'javascript:') throw notValid(param);
}

function notValid(param: string): Error {
  return invalid('Not a valid URL', param, 'url_invalid');
}
