/** What an alert may be about. */
export const alertKinds = [
  /** The last tries failed: of one type of event (`subject`), or of several (`all`). */
  'consecutive_failures',
  'dead_events',
  /** An event that is due waits too long. */
  'backlog_age',
  /** Stripe had events that the inbox lacked. */
  'gap',
  /** Deliveries whose signature is not ours, in a burst. */
  'signature_failures',
  /** The last comparison of the books found differences. */
  'reconcile_differences',
  /** An endpoint for outbound events (`subject`) failed for so long that it was disabled. */
  'endpoint_disabled',
] as const;

export type AlertKind = (typeof alertKinds)[number];
