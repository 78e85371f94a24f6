import { createRoutes, defineRoute, jsonResponse } from '../http/index.ts';
import { historyList, historyQuery } from './admin-schemas.ts';
import { listHistory } from './list-history.ts';

export const historyRoutes = createRoutes().openapi(
  defineRoute(
    'viewer',
    {
      method: 'get',
      path: '/admin/pricing/history',
      summary: 'Who changed which price or field, when, from what to what',
      tags: ['Pricing'],
      request: { query: historyQuery },
      responses: { 200: jsonResponse('A page of changes, the newest first.', historyList) },
    },
    { scope: 'pricing:read' },
  ),
  async (c) => {
    const { item_type, item_key, field, from, to, cursor, limit } = c.req.valid('query');
    const filter = { itemType: item_type, itemKey: item_key, field, from, to, cursor, limit };
    const { entries, nextCursor } = await listHistory(c.get('deps'), filter);
    const history = entries.map((entry) => ({
      id: entry.id,
      item_type: entry.itemType,
      item_key: entry.itemKey,
      field_changed: entry.fieldChanged,
      old_value: entry.oldValue,
      new_value: entry.newValue,
      effective_from: entry.effectiveFrom.toISOString(),
      changed_by: entry.changedBy,
      reason: entry.reason,
      request_id: entry.requestId,
      changed_at: entry.changedAt.toISOString(),
    }));
    return c.json(historyList.parse({ success: true, history, next_cursor: nextCursor }), 200);
  },
);
