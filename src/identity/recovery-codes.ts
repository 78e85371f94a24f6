import { hashOf } from './secrets.ts';

const codesAtOnce = 10;
const groups = 4;
const groupLength = 4;
/** Five bits a character, and none that is taken for another: no I and 1, no O and 0. */
const alphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';

/** Recovery codes, of which only the hashes are kept: of 80 random bits, in groups that people can type. */
export interface NewRecoveryCodes {
  readonly codes: readonly string[];
  readonly hashes: readonly string[];
}

export async function newRecoveryCodes(): Promise<NewRecoveryCodes> {
  const codes = Array.from({ length: codesAtOnce }, newRecoveryCode);
  return { codes, hashes: await Promise.all(codes.map(recoveryHashOf)) };
}

/** What is stored of a code, and compared: people leave out the hyphens, and write it small. */
export function recoveryHashOf(code: string): Promise<string> {
  return hashOf(code.replaceAll(/[\s-]/g, '').toUpperCase());
}

function newRecoveryCode(): string {
  return Array.from({ length: groups }, newGroup).join('-');
}

function newGroup(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(groupLength));
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join('');
}
