import { createHash } from 'node:crypto';

/** What a mail's link opens. */
export interface LinkPage {
  readonly html: string;
  /** The Content-Security-Policy of this page alone: its own script and style, and requests to here. */
  readonly policy: string;
}

/**
 * What each kind of link asks for, and where it is spent: by a POST that a person sets off, so that a scanner of mails,
 * which opens links, spends none.
 */
const links = {
  verify_email: {
    path: '/auth/verify-email',
    title: 'Confirm your address',
    text: 'Confirm that this address is yours, and that it was you who signed up.',
    button: 'Confirm',
    done: 'Your address is confirmed. You can sign in now.',
  },
  reset_password: {
    path: '/auth/reset-password',
    title: 'Choose a new password',
    text: 'You will be signed out everywhere.',
    button: 'Set password',
    done: 'Your password is changed. You can sign in with it now.',
    hasPassword: true,
  },
  change_email: {
    path: '/auth/change-email/verify',
    title: 'Confirm your new address',
    text: 'Confirm that this address is yours: it becomes the address of your account.',
    button: 'Confirm',
    done: 'The address of your account is changed.',
  },
  invitation: {
    path: '/auth/accept-invitation',
    title: 'Open your account',
    text: 'Choose a password for your account.',
    button: 'Open account',
    done: 'Your account is open. You can sign in now.',
    hasPassword: true,
  },
} as const satisfies Record<
  string,
  {
    readonly path: `/auth/${string}`;
    readonly title: string;
    readonly text: string;
    readonly button: string;
    readonly done: string;
    readonly hasPassword?: true;
  }
>;

/** The fragment is read once, and taken out of the address bar and the history. Texts are only ever set as text. */
const script = `
'use strict';
const links = ${JSON.stringify(links)};
const of = (id) => document.getElementById(id);
const say = (text) => { of('status').textContent = text; of('status').focus(); };
let link, token;

function show() {
  const given = new URLSearchParams(location.hash.slice(1));
  if (given.get('token') === null) return;
  history.replaceState(null, '', location.pathname);
  link = Object.hasOwn(links, given.get('purpose')) ? links[given.get('purpose')] : undefined;
  token = given.get('token');
  of('status').textContent = '';
  of('form').hidden = link === undefined;
  if (link === undefined) return say('This link is not whole: copy all of it from the mail.');
  document.title = link.title;
  of('title').textContent = link.title;
  of('text').textContent = link.text;
  of('button').textContent = link.button;
  of('password-part').hidden = !link.hasPassword;
  of('password').required = link.hasPassword === true;
  (link.hasPassword ? of('password') : of('button')).focus();
}

async function spend(event) {
  event.preventDefault();
  of('button').disabled = true;
  try {
    const response = await fetch(link.path, {
      method: 'POST',
      credentials: 'omit',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(link.hasPassword ? { token, password: of('password').value } : { token }),
    });
    if (response.ok) {
      of('form').remove();
      return say(link.done);
    }
    const problem = await response.json();
    const wrong = (problem.errors || []).find(({ pointer }) => pointer === '/password');
    say(wrong ? 'The password ' + wrong.detail + '.' : problem.detail);
  } catch {
    say('That did not work: the service does not answer. Try again in a moment.');
  }
  of('button').disabled = false;
}

of('form').addEventListener('submit', spend);
addEventListener('hashchange', show);
say('Open this page by the link in your mail.');
show();
`;

const style = `
body { font: 16px/1.5 system-ui, sans-serif; max-width: 26rem; margin: 4rem auto; padding: 0 1rem; color: #1c2430; background: #fff }
label, input, button { display: block; width: 100%; box-sizing: border-box; font: inherit }
input { padding: .5rem; border: 1px solid #5b6675; border-radius: 4px }
small { color: #4a5565 }
button { margin-top: 1rem; padding: .6rem; border: 0; border-radius: 4px; background: #1b4b91; color: #fff; cursor: pointer }
button:disabled { background: #5b6675; cursor: wait }
:focus-visible { outline: 3px solid #e08a00; outline-offset: 2px }
[hidden] { display: none }
`;

const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>Your account</title>
<style>${style}</style>
</head>
<body>
<main>
<h1 id="title">Your account</h1>
<form id="form" hidden>
<p id="text"></p>
<div id="password-part">
<label for="password">Password</label>
<input id="password" type="password" autocomplete="new-password" aria-describedby="rule">
<small id="rule">12 to 256 characters.</small>
</div>
<button id="button" type="submit"></button>
</form>
<p id="status" role="status" tabindex="-1"></p>
<noscript><p>This page needs JavaScript: with it a button spends your link, so that a program which only looks at your mails cannot.</p></noscript>
</main>
<script>${script}</script>
</body>
</html>
`;

/** The same page for every link: what stands behind the `#` never leaves the browser but in the POST. */
export const linkPage: LinkPage = {
  html,
  policy: [
    "default-src 'none'",
    `script-src '${hashOfSource(script)}'`,
    `style-src '${hashOfSource(style)}'`,
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; '),
};

function hashOfSource(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
