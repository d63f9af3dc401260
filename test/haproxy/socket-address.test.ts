import test from 'ava';
import { parseSocketAddress } from '../../haproxy/socket-address.ts';
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
  ['tcp:[2001:db8::1]:9999', tcp('2001:db8::1', 9999)],
];

for (const [text, address] of accepted) {
  test(`reads ${text.slice(0, 40)}`, (t) =>
    t.deepEqual(parseSocketAddress(text, '--socket'), { ok: true, value: address as never }));
}

const refused = [
  '',
  'admin.sock',
  'unix@admin.sock',
  'abns@haproxy',
  'fd@3',
  '/run/\nadmin.sock',
  '/run/\0admin.sock',
  `/${'x'.repeat(107)}`,
  '127.0.0.1',
  '127.0.0.1:0',
  '127.0.0.1:65536',
  '127.0.0.1:9999x',
  ':9999',
  '::1:9999',
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
