/** How often something may be tried. */
export interface Limit {
  /** As the headers name it. */
  readonly name: string;
  readonly quota: number;
  readonly windowSeconds: number;
}

/** A limit that a request was counted for, with what is left of it where the counter tells. */
export interface CountedLimit {
  readonly limit: Limit;
  readonly left?: { readonly remaining: number; readonly resetsInSeconds: number };
}
