import { createSealing, sealingKeys } from '../../src/core/seal.ts';
import { openMail, type Mail } from '../../src/mail/index.ts';

interface ProbeEnv {
  readonly EMAIL: SendEmail;
  readonly MAIL_API_URL: string;
  readonly MAIL_API_KEY: string;
  readonly AUTH_ENC_KEY: string;
}

const from = { address: 'ratecard@shop.test', name: 'Ratecard' };
let sealing: ReturnType<typeof createSealing> | undefined;

/** Mail and sealing as a Worker has them; tests say what to do by the path. */
const probe: ExportedHandler<ProbeEnv> = {
  async fetch(request, env) {
    const { pathname } = new URL(request.url);
    try {
      if (pathname === '/seal') return Response.json(await reopened(await request.text(), env.AUTH_ENC_KEY));
      const mail = await request.json<Mail>();
      const provider = { url: env.MAIL_API_URL, key: env.MAIL_API_KEY };
      const mailer = openMail({ from, provider: pathname === '/api' ? provider : undefined }, env.EMAIL);
      await mailer.send(mail);
      return Response.json('sent');
    } catch (error) {
      return Response.json(error instanceof Error ? error.message : 'thrown');
    }
  },
};

async function reopened(text: string, keys: string): Promise<string> {
  sealing ??= createSealing(sealingKeys.parse(keys));
  return sealing.open(await sealing.seal(text, 'probe'), 'probe');
}

export default probe;
