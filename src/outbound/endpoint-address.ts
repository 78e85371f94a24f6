import { mailAddress } from '../mail/index.ts';

/** Names that mean something within a network only. */
const innerNames = /(^|\.)(localhost|localdomain|local|internal|intranet|lan|home\.arpa)$/;

/** Networks of IPv4 that are not the internet's: where they begin, and how many bits name them. */
const innerNetworks = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.88.99.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  // Multicast, and all above.
  ['224.0.0.0', 3],
] as const;

export interface AddressRule {
  /** Whether an endpoint may be on this machine, by plain HTTP too: dev and tests alone. */
  readonly allowsLoopback: boolean;
}

/**
 * What is wrong with the address of an endpoint, in words for who chose it; undefined: nothing. Events go to https
 * addresses of the internet: to none of this machine or of a private network, whichever way it is written, and with no
 * user and password in it, since addresses are shown. Asked when an address is chosen, and before each time that it is
 * sent to.
 */
export function addressProblem(address: string, { allowsLoopback }: AddressRule): string | undefined {
  // What a URL's reader leaves out: what is shown, and written down, is what is sent to.
  const url = /[\s\p{Cc}]/u.test(address) ? null : URL.parse(address);
  if (url === null || !['https:', 'http:'].includes(url.protocol)) return 'must be an https URL';
  if (url.username !== '' || url.password !== '') return 'must not have a user or password in it';
  // The URL has made one form of each address: 0x7f.1 and 2130706433 are 127.0.0.1 here.
  const host = url.hostname.replace(/\.+$/, '');
  if (allowsLoopback && isLoopback(host)) return undefined;
  if (url.protocol !== 'https:') return 'must be an https URL';
  return isInner(host) ? 'must be an address of the internet' : undefined;
}

/** The one address of a `mailto:` URL that has nothing else; undefined for any other. */
export function mailRecipient(address: string): string | undefined {
  const recipient = address.startsWith('mailto:') ? address.slice('mailto:'.length) : '';
  return mailAddress.safeParse(recipient).data;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}

function isInner(host: string): boolean {
  if (host.startsWith('[')) return isInnerVersion6(host.slice(1, -1));
  const number = numberOf(host);
  if (number === undefined) return !host.includes('.') || innerNames.test(host);
  return innerNetworks.some(([network, bits]) => {
    const size = 2 ** (32 - bits);
    return Math.floor(number / size) === Math.floor((numberOf(network) ?? 0) / size);
  });
}

function numberOf(host: string): number | undefined {
  if (!/^\d+(\.\d+){3}$/.test(host)) return undefined;
  return host.split('.').reduce((number, part) => number * 256 + Number(part), 0);
}

/**
 * All but global unicast (2000::/3), and of that what is not for use (2001::/23, documentation) or has an address of
 * IPv4 in it (6to4).
 */
function isInnerVersion6(host: string): boolean {
  const [first = 0, second = 0] = host.split(':').map((part) => Number.parseInt(part || '0', 16));
  if (first < 0x2000 || first > 0x3fff || first === 0x2002 || first === 0x3fff) return true;
  return first === 0x2001 && (second < 0x0200 || second === 0x0db8);
}
