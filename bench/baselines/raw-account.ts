/** The least that reading an account can take: its row by key, through the driver, and nobody asked who they are. */
import { neon, neonConfig } from '@neondatabase/serverless';

interface Variables {
  readonly DATABASE_URL: string;
  readonly DATABASE_FETCH_ENDPOINT: string;
}

export default {
  async fetch(request: Request, { DATABASE_URL, DATABASE_FETCH_ENDPOINT }: Variables): Promise<Response> {
    const customerId = new URL(request.url).pathname.split('/')[2];
    if (customerId === undefined) return new Response();
    neonConfig.fetchEndpoint = DATABASE_FETCH_ENDPOINT;
    const statement =
      'select customer_id, balance, held, debt, used, purchased from credit_accounts where customer_id = $1';
    const [account] = await neon(DATABASE_URL).query(statement, [customerId]);
    return Response.json({ success: true, account });
  },
};
