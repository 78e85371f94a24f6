/** The least that answering out of the database takes: one statement through the driver, and its bytes. */
import { neon, neonConfig } from '@neondatabase/serverless';

interface Variables {
  readonly DATABASE_URL: string;
  readonly DATABASE_FETCH_ENDPOINT: string;
}

export default {
  async fetch(request: Request, { DATABASE_URL, DATABASE_FETCH_ENDPOINT }: Variables): Promise<Response> {
    if (new URL(request.url).pathname === '/health') return new Response();
    neonConfig.fetchEndpoint = DATABASE_FETCH_ENDPOINT;
    const [row] = await neon(DATABASE_URL).query('select body from raw_answers');
    return new Response(row?.['body'], { headers: { 'Content-Type': 'application/json' } });
  },
};
