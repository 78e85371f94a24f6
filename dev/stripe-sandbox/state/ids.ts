import { randomBytes } from 'node:crypto';

const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';

/** How many characters follow each prefix, as in Stripe's own ids. */
const LENGTHS = {
  acct_1: 15,
  bpc_1: 23,
  bps_1: 23,
  card_1: 23,
  ch_3: 23,
  clock_1: 23,
  cs_test_a1: 58,
  cus_: 14,
  di_1: 23,
  du_1: 23,
  evt_1: 23,
  ii_1: 23,
  il_1: 23,
  in_1: 23,
  inpay_1: 23,
  li_1: 23,
  pi_3: 23,
  plan_: 14,
  pm_1: 23,
  price_1: 23,
  prod_: 14,
  promo_1: 23,
  pyr_1: 23,
  re_3: 23,
  req_: 14,
  seti_1: 23,
  si_: 14,
  sub_1: 23,
  sub_sched_1: 23,
  upcoming_in_1: 23,
  we_1: 23,
  whd_: 14,
} as const;

/** A new id that looks like Stripe's: `newId('cus_')`. */
export function newId(prefix: keyof typeof LENGTHS): string {
  return prefix + randomText(LENGTHS[prefix]);
}

/** Random letters and digits. */
export function randomText(length: number): string {
  return Array.from(randomBytes(length), (byte) => ALPHABET[byte % ALPHABET.length]).join('');
}
