/** The least that answering out of KV takes: one read, and its bytes. A PUT lays them there. */
interface Bindings {
  readonly CATALOGUE: KVNamespace;
}

const key = 'answer';

export default {
  async fetch(request: Request, { CATALOGUE }: Bindings): Promise<Response> {
    if (request.method === 'PUT') await CATALOGUE.put(key, await request.text());
    return new Response(await CATALOGUE.get(key), { headers: { 'Content-Type': 'application/json' } });
  },
};
