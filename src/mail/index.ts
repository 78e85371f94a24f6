export { MailFault } from './errors.ts';
export { mailAddress, type Mail, type Mailer } from './mail.ts';
export { openMail } from './open-mail.ts';
export { mailSettings, mailVariables, missingMailVariables, type MailSettings } from './settings.ts';
