/** What people are written to about their accounts: plain texts, all in one place. */
export interface MailText {
  readonly subject: string;
  readonly text: string;
}

/** What a mail's link is worth. */
export type LinkPurpose = 'verify_email' | 'reset_password' | 'change_email' | 'invitation';

/** The page that takes a link. The token stands behind the `#`: it is in no request, and so in no log, until it is used. */
export function linkOf(publicOrigin: string, purpose: LinkPurpose, token: string): string {
  return `${publicOrigin}/auth/link#purpose=${purpose}&token=${token}`;
}

export function verifyEmailText({ link }: { readonly link: string }): MailText {
  return {
    subject: 'Confirm your address',
    text: `Somebody, most likely you, signed up with this address. Open this page within a day to confirm it; then you can sign in with the password of that sign-up:

${link}

If it was not you, leave it: nobody can use an account that is not confirmed.
`,
  };
}

export function accountExistsText(): MailText {
  return {
    subject: 'You have an account already',
    text: `Somebody, perhaps you, asked for an account with this address. It has one already: sign in, or ask for a new password if you do not know yours.

If it was not you, leave it: nothing has changed.
`,
  };
}

export function resetPasswordText({ link }: { readonly link: string }): MailText {
  return {
    subject: 'Choose a new password',
    text: `Somebody, most likely you, asked for a new password of your account. Open this page within half an hour to choose one:

${link}

If it was not you, leave it: your password stays as it is.
`,
  };
}

export function passwordChangedText(): MailText {
  return {
    subject: 'Your password was changed',
    text: `The password of your account was just changed, and every other session was signed out.

If it was not you, ask for a new password at once, and tell who runs the service.
`,
  };
}

export function changeEmailText({ link }: { readonly link: string }): MailText {
  return {
    subject: 'Confirm your new address',
    text: `Somebody, most likely you, wants this to be the address of an account. Open this page within a day to confirm it:

${link}

If it was not you, leave it: nothing changes.
`,
  };
}

export function emailChangeAskedText(): MailText {
  return {
    subject: 'The address of your account is about to change',
    text: `Somebody who is signed in to your account, most likely you, asked for another address. It changes once the new one is confirmed.

If it was not you, change your password at once: that stops it.
`,
  };
}

export function emailChangedText(): MailText {
  return {
    subject: 'The address of your account was changed',
    text: `Your account has another address now: the new one was confirmed. Mails about the account go there from now on.

If it was not you, tell who runs the service at once.
`,
  };
}

export function invitationText({ link, role }: { readonly link: string; readonly role: string }): MailText {
  return {
    subject: 'Your account is ready to be opened',
    text: `You are invited, as ${withArticle(role)}. Open this page within a day, and choose a password:

${link}

If you did not expect this, leave it: nothing happens.
`,
  };
}

export function disabledText(): MailText {
  return {
    subject: 'Your account was disabled',
    text: `An administrator has disabled your account. You are signed out everywhere, and your keys have stopped.

If you think that this is a mistake, ask who runs the service.
`,
  };
}

export function roleChangedText({ role }: { readonly role: string }): MailText {
  const next =
    role === 'customer'
      ? 'Sign in again to go on.'
      : 'Sign in again to go on. You need a second factor: without one, nothing is open but to set it up.';
  return {
    subject: 'Your role was changed',
    text: `An administrator has made you ${withArticle(role)}. You are signed out everywhere. ${next}

If you did not expect this, ask who runs the service.
`,
  };
}

export function secondFactorRemovedText(): MailText {
  return {
    subject: 'Your second factor was removed',
    text: `An administrator has removed the second factor of your account, and its recovery codes. You are signed out everywhere: sign in with your password, and set up a new one.

If you did not ask for this, tell who runs the service at once.
`,
  };
}

export function factorConfirmedText({ isReplaced }: { readonly isReplaced: boolean }): MailText {
  return {
    subject: isReplaced ? 'Your second factor was replaced' : 'A second factor was set up',
    text: `From now on your account asks for a code of the authenticator app that was just set up. ${isReplaced ? 'The one of before, and its recovery codes, open nothing any more. ' : ''}Every other session was signed out.

If it was not you, tell who runs the service at once.
`,
  };
}

export function factorRemovedText(): MailText {
  return {
    subject: 'Your second factor was removed',
    text: `Your account asks for no code any more: the second factor and its recovery codes were just removed, by somebody who gave your password and a code. Every other session was signed out.

If it was not you, change your password at once, and tell who runs the service.
`,
  };
}

export function recoveryCodesRenewedText(): MailText {
  return {
    subject: 'You have new recovery codes',
    text: `New recovery codes were just made for your account. The old ones open nothing any more.

If it was not you, change your password at once, and set up your second factor anew.
`,
  };
}

export function accountDeletedText(): MailText {
  return {
    subject: 'Your account was deleted',
    text: `Your account was just deleted, by somebody who gave your password. What was subscribed to has ended, and this address is forgotten here; what was paid stays in the books, without your name.

If it was not you, tell who runs the service at once.
`,
  };
}

function withArticle(role: string): string {
  return role === 'admin' ? 'an admin' : `a ${role}`;
}
