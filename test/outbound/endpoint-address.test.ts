import { describe, expect, test } from 'vitest';
import { addressProblem, mailRecipient } from '../../src/outbound/endpoint-address.ts';

const outside = { allowsLoopback: false };
const here = { allowsLoopback: true };

describe('an endpoint’s address', () => {
  test.each([
    'https://shop.test/hooks',
    'https://hooks.slack.com/services/T0/B0/x',
    'https://shop.test:8443/a?b=c',
    'https://8.8.8.8/hook',
    'https://[2606:4700::1111]/hook',
    'https://local.shop.test/',
    'https://localhost.shop.test/',
    'https://172.32.0.1/',
    'https://xn--bcher-kva.example/',
  ])('may be %s', (url) => {
    expect(addressProblem(url, outside)).toBeUndefined();
    expect(addressProblem(url, here)).toBeUndefined();
  });

  test.each([
    '',
    'nonsense',
    'http://shop.test/hooks',
    'ftp://shop.test/',
    'javascript:alert(1)',
    'https://user@shop.test/',
    'https://user:word@shop.test/',
    'https://:word@shop.test/',
    'https://10.0.0.1/',
    'https://100.64.0.1/',
    'https://169.254.169.254/latest/meta-data',
    'https://172.16.0.1/',
    'https://172.31.255.255/',
    'https://192.168.1.1/',
    'https://198.18.0.1/',
    'https://203.0.113.9/',
    'https://224.0.0.1/',
    'https://255.255.255.255/',
    'https://0.0.0.0/',
    'https://0/',
    'https://3232235777/',
    'https://0xc0a80101/',
    'https://0300.0250.1.1/',
    'https://10.1/',
    'https://%31%30.0.0.1/',
    'https://10.0.0.1./',
    'https://10.0.0.1../',
    ' https://shop.test/',
    'ht\ttps://shop.te\nst/',
    'https://[::]/',
    'https://[fe80::1]/',
    'https://[fc00::1]/',
    'https://[fd12:3456::1]/',
    'https://[ff02::1]/',
    'https://[::ffff:8.8.8.8]/',
    'https://[::ffff:a00:1]/',
    'https://[64:ff9b::a00:1]/',
    'https://[2002:a00:1::]/',
    'https://[2001::1]/',
    'https://[2001:db8::1]/',
    'https://intranet/',
    'https://printer.local/',
    'https://PRINTER.LOCAL./',
    'https://db.internal/',
    'https://metadata.google.internal/',
    'https://router.lan/',
    'https://local/',
  ])('is not %s', (url) => {
    expect(addressProblem(url, outside)).toMatch(/^must /);
    expect(addressProblem(url, here)).toMatch(/^must /);
  });

  test.each([
    'http://127.0.0.1:4000/hook',
    'https://127.0.0.1/',
    'http://127.1/',
    'http://2130706433/',
    'http://0x7f.0.0.1/',
    'http://017700000001/',
    'http://localhost:4000/',
    'http://LOCALHOST./',
    'http://[::1]:4000/',
  ])('is %s where this machine is allowed, and nowhere else', (url) => {
    expect(addressProblem(url, here)).toBeUndefined();
    expect(addressProblem(url, outside)).toMatch(/^must /);
    expect(addressProblem(url.replace('http:', 'https:'), outside)).toMatch(/^must /);
  });
});

describe('a mailto address', () => {
  test('is one person’s, and has nothing else', () => {
    expect(mailRecipient('mailto:ops@shop.test')).toBe('ops@shop.test');
    for (const url of [
      'mailto:',
      'mailto:ops',
      'mailto:a@shop.test,b@shop.test',
      'mailto:a@shop.test?bcc=b@shop.test',
      'mailto:a@shop.test%0aBcc:b@shop.test',
      'mailto:a@shop.test\nBcc: b@shop.test',
      'https://shop.test/a@shop.test',
      'ops@shop.test',
    ]) {
      expect(mailRecipient(url)).toBeUndefined();
    }
    expect(addressProblem('mailto:ops@shop.test', { allowsLoopback: true })).toMatch(/^must /);
  });
});
