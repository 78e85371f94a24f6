import type { Api } from '../../server/api.ts';
import type { ChaosControl } from '../../chaos/control.ts';
import type { Deliveries } from '../../webhooks/deliveries.ts';

/** What of a sandbox is not in its store, and the control page shows or changes. */
export interface Controls {
  readonly api: Api;
  readonly chaos: ChaosControl;
  readonly deliveries: Deliveries;
}
