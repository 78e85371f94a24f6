export { type Mailbox, startMailbox } from './server.ts';
