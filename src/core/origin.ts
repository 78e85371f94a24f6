/** Where a request came from, for limits and for histories. */
export interface Origin {
  /** The network address that Cloudflare tells; empty where there is none. */
  readonly address: string;
  /** What the client calls itself. */
  readonly agent: string;
  readonly requestId: string;
}
