import { operation, type Operation } from '../api/operations.ts';
import { createPortalSession } from '../portal/new-session.ts';

export const portalSessions: readonly Operation[] = [
  operation('POST', '/v1/billing_portal/sessions', 'portalSessionCreate', createPortalSession),
];
