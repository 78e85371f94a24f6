/** The way to the database and back: a Worker, the driver and the gateway, and a statement that does nothing. */
import { neon, neonConfig } from '@neondatabase/serverless';

interface Variables {
  readonly DATABASE_URL: string;
  readonly DATABASE_FETCH_ENDPOINT: string;
}

export default {
  async fetch(request: Request, { DATABASE_URL, DATABASE_FETCH_ENDPOINT }: Variables): Promise<Response> {
    if (request.method !== 'POST') return new Response();
    neonConfig.fetchEndpoint = DATABASE_FETCH_ENDPOINT;
    await request.text();
    return Response.json(await neon(DATABASE_URL).query('select 1'));
  },
};
