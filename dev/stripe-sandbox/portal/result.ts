/** What came of something that a customer did in the portal. */
export type Result =
  /** It is done; the name says what to tell the customer. */
  | { readonly done: string }
  /** The bank asks the customer first, at this address. */
  | { readonly bankAsks: string };
