import { chmodSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { RenewedTls } from '../../../shared/tls/renewed-tls.ts';
import { readTlsFiles, type TlsFiles, tlsWarnings } from '../../../shared/tls/tls-files.ts';
import { Authority, openssl, tlsTest } from '../../support/certificates.ts';

function lineOf(files: TlsFiles): string {
  try {
    readTlsFiles(files);
  } catch (error) {
    if (error instanceof ProblemError && error.problem.code === 'tls-invalid') return error.message;
    throw error;
  }
  return 'accepted';
}

const unusable: readonly (readonly [title: string, files: (authority: Authority) => TlsFiles, line: RegExp])[] = [
  ['a certificate that is missing', (a) => ({ ...a.issue('x', 'DNS:x'), cert: a.path('no.pem') }), /no\.pem: .*ENOENT/],
  ['a key that is missing', (a) => ({ ...a.issue('x', 'DNS:x'), key: a.path('no.key') }), /no\.key: .*ENOENT/],
  ['a CA that is missing', (a) => ({ ca: a.path('no.pem') }), /no\.pem: .*ENOENT/],
  ['a folder', (a) => ({ ca: a.folder }), /cannot be read; .*something else/],
  ['a device that never ends', () => ({ ca: '/dev/zero' }), /\/dev\/zero: cannot be read; .*something else/],
  ['a file that is too large', (a) => ({ ca: changed(a, 'x'.repeat(1024 * 1024 + 1)) }), /got over 1 MiB/],
  ['a CA that is not PEM', (a) => ({ ca: changed(a, 'hello') }), /holds no certificate; .*got none/],
  [
    'a certificate that is cut off',
    (a) => {
      const identity = a.issue('x', 'DNS:x');
      truncateSync(identity.cert, 200);
      return identity;
    },
    /x\.pem: holds no certificate/,
  ],
  [
    'a certificate of nonsense',
    (a) => ({ ca: changed(a, '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n') }),
    /its certificate 1 cannot be read/,
  ],
  ['a key where a certificate should be', (a) => ({ ca: a.issue('x', 'DNS:x').key }), /x\.key: holds no certificate/],
  [
    'a certificate where a key should be',
    (a) => {
      const { cert } = a.issue('x', 'DNS:x');
      return { cert, key: cert };
    },
    /x\.pem: holds no valid key/,
  ],
  [
    'the key of another certificate',
    (a) => ({ cert: a.issue('x', 'DNS:x').cert, key: a.issue('y', 'DNS:y').key }),
    /y\.key: is the key of another certificate; expected that of the first certificate in .*x\.pem/,
  ],
  [
    'a key with a passphrase',
    (a) => {
      const { cert, key } = a.issue('x', 'DNS:x');
      const locked = a.path('locked.key');
      openssl('pkey', '-in', key, '-aes256', '-passout', 'pass:secret', '-out', locked);
      return { cert, key: locked };
    },
    /locked\.key: holds no valid key; expected one PEM private key without a passphrase/,
  ],
];

for (const [title, files, expected] of unusable) {
  tlsTest(`${title} is refused in one line that names the file and shows nothing of it`, (t) => {
    using authority = new Authority();
    const line = lineOf(files(authority));
    t.regex(line, expected);
    t.regex(line, /docs\/operations\.md/);
    t.false(line.includes('\n'));
    t.false(/BEGIN|AAAA|hello|xxx/.test(line.replace('-----BEGIN CERTIFICATE-----', '')), line);
  });
}

function changed(authority: Authority, text: string): string {
  const path = authority.path('changed.pem');
  writeFileSync(path, text);
  return path;
}

tlsTest('valid files are read without a warning, also a chain and a bundle of CAs', (t) => {
  using authority = new Authority();
  using other = new Authority();
  const { cert, key } = authority.issue('web1', 'DNS:web1');
  writeFileSync(cert, readFileSync(cert, 'utf8') + readFileSync(authority.ca, 'utf8'));
  const bundle = changed(authority, readFileSync(other.ca, 'utf8') + readFileSync(authority.ca, 'utf8'));
  const files = { cert, key, ca: bundle };
  const material = readTlsFiles(files);
  t.is(material.key, readFileSync(key, 'utf8'));
  t.deepEqual(tlsWarnings(files, material, Date.now()), []);
});

tlsTest('a wrong or soon wrong date, and a key that all users may read, are warnings', (t) => {
  using authority = new Authority();
  const dayMs = 24 * 3_600_000;
  const files = authority.issue('web1', 'DNS:web1', 10);
  const material = readTlsFiles(files);
  const at = (days: number) => tlsWarnings(files, material, Date.now() + days * dayMs).map(({ what }) => what);
  t.deepEqual(at(0), []);
  t.deepEqual(at(2.9), []);
  t.deepEqual(at(3.1), ['expires in less than 7 days']);
  t.deepEqual(at(10.1), ['has expired']);
  t.deepEqual(at(-1), ['is not valid yet']);
  chmodSync(files.key, 0o640);
  t.deepEqual(at(0), []);
  chmodSync(files.key, 0o644);
  t.deepEqual(
    tlsWarnings(files, material, Date.now()).map(({ code, fix }) => [code, fix]),
    [['tls-key-exposed', `Say chmod o= ${files.key}`]],
  );
});

/** Watched files, and what was logged and passed on; the test says when to look. */
function watched(authority: Authority) {
  const files = authority.issue('web1', 'DNS:web1');
  const logged: string[] = [];
  const log = {
    info: (message: string, fields: Readonly<Record<string, unknown>>) => logged.push(`${message} ${fields['code']}`),
    warn: (message: string, fields: Readonly<Record<string, unknown>>) => logged.push(`${message} ${fields['code']}`),
  };
  const renewed = new RenewedTls(files, log, 3_600_000);
  const handed: string[] = [];
  renewed.onRenewed(({ cert }) => handed.push(cert ?? ''));
  return { files, logged, renewed, handed };
}

tlsTest('unchanged files are not read again, and new ones are used', (t) => {
  using authority = new Authority();
  const { files, logged, renewed, handed } = watched(authority);
  using _ = renewed;
  renewed.look();
  t.deepEqual([logged, handed], [[], []]);
  authority.issue('web1', 'DNS:web1');
  renewed.look();
  renewed.look();
  t.deepEqual(logged, ['certificate renewed undefined']);
  t.deepEqual(handed, [readFileSync(files.cert, 'utf8')]);
  t.is(renewed.material.key, readFileSync(files.key, 'utf8'));
});

for (const [title, spoil] of [
  ['is cut off', (path: string) => truncateSync(path, 100)],
  ['is gone', (path: string) => rmSync(path)],
] as const) {
  tlsTest(`a new file that ${title} is logged once, the old one stays in use, and the next valid one is used`, (t) => {
    using authority = new Authority();
    const { files, logged, renewed, handed } = watched(authority);
    using _ = renewed;
    const before = renewed.material;
    spoil(files.cert);
    for (let look = 0; look < 5; look += 1) renewed.look();
    t.deepEqual(logged, ['certificate problem tls-invalid']);
    t.is(renewed.material, before);
    t.deepEqual(handed, []);
    authority.issue('web1', 'DNS:web1');
    renewed.look();
    t.deepEqual(logged.slice(1), ['certificate renewed undefined', 'certificate problem: over tls-invalid']);
    t.is(handed.length, 1);
  });
}

tlsTest('a certificate whose key comes a moment later is used with it', (t) => {
  using authority = new Authority();
  const { files, renewed, handed } = watched(authority);
  using _ = renewed;
  const key = readFileSync(files.key);
  authority.issue('web1', 'DNS:web1');
  const newKey = readFileSync(files.key);
  writeFileSync(files.key, key);
  renewed.look();
  t.is(handed.length, 0);
  writeFileSync(files.key, newKey);
  renewed.look();
  t.is(handed.length, 1);
});

tlsTest('a problem at the start is logged once, and again when it is over', (t) => {
  using authority = new Authority();
  const files = authority.issue('web1', 'DNS:web1', 1);
  const logged: string[] = [];
  const note = (message: string, fields: Readonly<Record<string, unknown>>) =>
    logged.push(`${message} ${fields['code']}`);
  using renewed = new RenewedTls(files, { info: note, warn: note }, 3_600_000);
  renewed.look();
  t.deepEqual(logged, ['certificate problem tls-expiry']);
  t.is(renewed.problems.length, 1);
  authority.issue('web1', 'DNS:web1', 10);
  renewed.look();
  t.deepEqual(logged.slice(1), ['certificate renewed undefined', 'certificate problem: over tls-expiry']);
});
