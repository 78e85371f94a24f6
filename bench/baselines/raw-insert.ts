/** The least that storing a delivery can take: one statement through the driver, and nothing checked. */
import { neon, neonConfig } from '@neondatabase/serverless';

interface Variables {
  readonly DATABASE_URL: string;
  readonly DATABASE_FETCH_ENDPOINT: string;
}

export default {
  async fetch(request: Request, { DATABASE_URL, DATABASE_FETCH_ENDPOINT }: Variables): Promise<Response> {
    if (request.method !== 'POST') return new Response();
    neonConfig.fetchEndpoint = DATABASE_FETCH_ENDPOINT;
    const eventId = request.headers.get('Event-Id');
    const statement = 'insert into raw_deliveries (event_id, payload) values ($1, $2) on conflict do nothing';
    await neon(DATABASE_URL).query(statement, [eventId, await request.text()]);
    return Response.json({ success: true, event_id: eventId });
  },
};
