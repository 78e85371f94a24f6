import { DomainError } from '../core/errors.ts';
import { createBindingMailer, type EmailBinding } from './binding-mailer.ts';
import { createHttpMailer } from './http-mailer.ts';
import type { Mailer } from './mail.ts';
import type { MailSettings } from './settings.ts';

/** Mails go out by the provider of MAIL_API_URL, else by the binding; an installation with neither sends none. */
export function openMail(settings: MailSettings | undefined, binding: EmailBinding | undefined): Mailer {
  if (settings?.provider !== undefined)
    return createHttpMailer({ ...settings.provider, from: settings.from });
  if (settings !== undefined && binding !== undefined) return createBindingMailer(binding, settings.from);
  return notConfigured;
}

const notConfigured: Mailer = {
  isConfigured: false,
  send: async () => {
    throw new DomainError(
      'unavailable',
      'mail_not_configured',
      'This installation sends no mail: MAIL_FROM is not set.',
    );
  },
};
