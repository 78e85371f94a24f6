/** The least that spending can take: one statement through the driver that never goes below zero, and keeps no ledger. */
import { neon, neonConfig } from '@neondatabase/serverless';

interface Variables {
  readonly DATABASE_URL: string;
  readonly DATABASE_FETCH_ENDPOINT: string;
}

interface Spend {
  readonly account: string;
  readonly amount: number;
}

export default {
  async fetch(request: Request, { DATABASE_URL, DATABASE_FETCH_ENDPOINT }: Variables): Promise<Response> {
    if (request.method !== 'POST') return new Response();
    neonConfig.fetchEndpoint = DATABASE_FETCH_ENDPOINT;
    const { account, amount } = await request.json<Spend>();
    const statement =
      'update raw_accounts set balance = balance - $2 where id = $1 and balance >= $2 returning balance';
    const [row] = await neon(DATABASE_URL).query(statement, [account, amount]);
    if (row === undefined) return Response.json({ success: false }, { status: 402 });
    return Response.json({ success: true, ...row });
  },
};
