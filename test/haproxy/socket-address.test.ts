import { resolve } from 'node:path';
import test from 'ava';
import { canonicalAddress, parseSocketAddress } from '../../haproxy/socket-address.ts';
import { formatProblem } from '../../shared/contract/problem.ts';

const unix = (path: string) => ({ kind: 'unix', path });
const tcp = (host: string, port: number) => ({ kind: 'tcp', host, port });

const accepted: readonly [string, object][] = [
  ['/run/haproxy/admin.sock', unix('/run/haproxy/admin.sock')],
  ['unix:/run/h.sock', unix('/run/h.sock')],
  ['unix@/run/h.sock', unix('/run/h.sock')],
  ['/with space:9999', unix('/with space:9999')],
  [`/${'x'.repeat(106)}`, unix(`/${'x'.repeat(106)}`)],
  ['127.0.0.1:9999', tcp('127.0.0.1', 9999)],
  ['ipv4@127.0.0.1:9999', tcp('127.0.0.1', 9999)],
  ['tcp:lb.example.org:1', tcp('lb.example.org', 1)],
  ['localhost:65535', tcp('localhost', 65_535)],
  ['[::1]:9999', tcp('::1', 9999)],
  ['ipv6@[::1]:9999', tcp('::1', 9999)],
  ['ipv6@::1:9999', tcp('::1', 9999)],
  // as HAProxy reads them: the last colon is before the port
  ['::1:9999', tcp('::1', 9999)],
  [':::9999', tcp('::', 9999)],
  ['tcp:[2001:db8::1]:9999', tcp('2001:db8::1', 9999)],
  ['tcp@127.0.0.1:9999', tcp('127.0.0.1', 9999)],
  ['tcp4@127.0.0.1:9999', tcp('127.0.0.1', 9999)],
  ['tcp6@[::1]:9999', tcp('::1', 9999)],
  ['stream+ipv4@127.0.0.1:9999', tcp('127.0.0.1', 9999)],
  ['0.0.0.0:9999', tcp('0.0.0.0', 9999)],
  ['[::]:9999', tcp('::', 9999)],
  // what listens on every address is asked on loopback
  ['*:9999', tcp('127.0.0.1', 9999)],
  [':9999', tcp('127.0.0.1', 9999)],
  ['ipv4@*:9999', tcp('127.0.0.1', 9999)],
  ['ipv6@*:9999', tcp('::1', 9999)],
  ['ipv6@:9999', tcp('::1', 9999)],
  ['abns@haproxy', unix(`\0haproxy${'\0'.repeat(100)}`)],
  ['abnsz@haproxy', unix('\0haproxy')],
];

for (const [text, address] of accepted) {
  test(`reads ${text.slice(0, 40)}`, (t) =>
    t.deepEqual(parseSocketAddress(text, '--socket'), { ok: true, value: address as never }));
}

const refused = [
  '',
  'admin.sock',
  'unix@admin.sock',
  'abns@',
  `abns@${'x'.repeat(108)}`,
  'abns@a\0b',
  'fd@3',
  'sockpair@4',
  'udp@127.0.0.1:9999',
  './admin.sock',
  'run/admin.sock',
  '127.0.0.1:9999-10000',
  '/run/\nadmin.sock',
  '/run/\0admin.sock',
  `/${'x'.repeat(107)}`,
  '127.0.0.1',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1:9999x',
  'ipv4@::1:9999',
  'ipv4@[::1]:9999',
  'ipv6@127.0.0.1:9999',
  '[::1]',
  '[localhost]:x',
  'host name:9999',
  'http://127.0.0.1:9999',
];

for (const text of refused) {
  test(`refuses ${JSON.stringify(text.slice(0, 40))} in one line that names the flag`, (t) => {
    const address = parseSocketAddress(text, '--socket');
    if (address.ok) return t.fail(JSON.stringify(address.value));
    const line = formatProblem(address.error);
    t.true(line.startsWith('--socket: '));
    t.false(line.includes('\n'));
  });
}

for (const text of ['admin.sock', './admin.sock', 'unix@admin.sock', 'unix:admin.sock']) {
  test(`of the relative path ${text} it says what the absolute one may be`, (t) => {
    const address = parseSocketAddress(text, '--socket');
    t.regex(
      address.ok ? '' : (address.error.fix ?? ''),
      new RegExp(`Give the absolute path, such as ${resolve('admin.sock')}:`),
    );
  });
}

for (const text of [
  '"/run/haproxy/admin.sock"',
  "'/run/haproxy/admin.sock'",
  'stats socket /run/haproxy/admin.sock',
  '/run/haproxy/admin.sock mode 660 level admin',
  'ipv4@127.0.0.1:9999 level admin',
]) {
  test(`of ${text} it says that only the address is wanted`, (t) => {
    const address = parseSocketAddress(text, '--socket');
    t.regex(address.ok ? '' : (address.error.fix ?? ''), /^Give only the address/);
  });
}

test('a descriptor is for the process that has it only', (t) => {
  for (const text of ['fd@3', 'sockpair@4']) {
    const address = parseSocketAddress(text, '--socket');
    t.regex(address.ok ? '' : (address.error.fix ?? ''), /descriptor.*a path/);
  }
});

test('every way to write an address is one text', (t) => {
  for (const path of [
    '/run/h.sock',
    'unix@/run/h.sock',
    'unix:/run/h.sock',
    'uxst@/run/h.sock',
    'stream+unix@/run/h.sock',
  ])
    t.is(canonicalAddress(path), '/run/h.sock');
  for (const local of ['127.0.0.1:9999', 'ipv4@127.0.0.1:9999', '*:9999', 'tcp@:9999'])
    t.is(canonicalAddress(local), '127.0.0.1:9999');
  t.is(canonicalAddress('abns@haproxy'), 'abns@haproxy');
  t.is(canonicalAddress('fd@3'), 'fd@3');
});
