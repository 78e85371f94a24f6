/** What a request for the keys meets instead of them. */
export type IssuerFault =
  | 'none'
  /** An error of the issuer. */
  | { readonly status: number }
  /** The connection is reset. */
  | 'reset'
  /** No answer. */
  | 'hang'
  /** A byte now and then, without an end. */
  | 'trickle'
  /** A page in place of the keys. */
  | 'garbage'
  /** JSON that is no set of keys. */
  | 'no-keys'
  /** More than any issuer has. */
  | 'huge'
  /** Somewhere else. */
  | 'redirect';
