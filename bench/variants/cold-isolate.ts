/**
 * Ratecard in an isolate that remembers nothing. What an isolate keeps hangs on the `env` that the runtime gives it, so
 * that a copy finds nothing kept: the configuration is read, and all that is kept is made, for each request.
 */
import worker from '../../src/index.ts';

export default {
  fetch: (request: Request, env: Env, context: ExecutionContext) =>
    worker.fetch(request, { ...env }, context),
};
