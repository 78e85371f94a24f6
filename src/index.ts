import { createApp } from './app.ts';
import { handleQueue, handleScheduled } from './jobs.ts';

const app = createApp();

export default {
  fetch: app.fetch,
  queue: handleQueue,
  scheduled: handleScheduled,
} satisfies ExportedHandler<Env>;
