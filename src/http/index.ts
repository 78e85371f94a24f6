export {
  answerCached,
  conditionalParameters,
  notModifiedResponse,
  renderAnswer,
  type RenderedAnswer,
} from './cached-answer.ts';
export { accountOf } from './account.ts';
export { requireConfiguration, configurationOf } from './configuration.ts';
export { type AppContext, type AppEnv, userOf } from './context.ts';
export { serveDocumentation } from './documentation.ts';
export { clearSessionCookie, guard, isFromOwnPage, refuseForeignPage, setSessionCookie } from './guard.ts';
export { originOf } from './origin.ts';
export { crossOrigin, limitBodies } from './limits.ts';
export { dependencies, operation } from './operation.ts';
export { versionHeaders } from './if-match.ts';
export { answerError } from './problem.ts';
export { tellLimits, type RateLimitName } from './rate-limits.ts';
export { RememberingRouter } from './remembering-router.ts';
export { requestLog } from './request-log.ts';
export {
  answer,
  answerAccepted,
  createRoutes,
  defineRoute,
  jsonBody,
  jsonResponse,
  markReplay,
  markSecret,
} from './route.ts';
export { securityHeaders } from './security-headers.ts';
export { refuseRepeatedParameters } from './validation.ts';
