/** Where a request came from, for limits and for histories. */
export interface Origin {
  /** The network address that Cloudflare tells; empty where there is none. */
  readonly address: string;
  /** What limits by address count: the address, or the network of an IPv6 one. */
  readonly network: string;
  /** What the client calls itself. */
  readonly agent: string;
  readonly requestId: string;
}
