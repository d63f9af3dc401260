import crypto from 'node:crypto';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { bearerMatches, loadToken } from '../../../shared/net/token.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const token = 'a-token-of-at-least-16-characters';

for (const [title, header, matches] of [
  ['the token', `Bearer ${token}`, true],
  ['no header', undefined, false],
  ['nothing', '', false],
  ['the token without its scheme', token, false],
  ['another scheme', `Basic ${token}`, false],
  ['an empty token', 'Bearer ', false],
  ['its beginning', `Bearer ${token.slice(0, -1)}`, false],
  ['more than it', `Bearer ${token}x`, false],
  ['another of the same length', `Bearer ${token.replace('a', 'b')}`, false],
] as const) {
  test.serial(`${title} ${matches ? 'is' : 'is not'} accepted, compared in constant time`, (t) => {
    const compared: (readonly [number, number])[] = [];
    const real = crypto.timingSafeEqual;
    crypto.timingSafeEqual = (a, b) => {
      compared.push([a.byteLength, b.byteLength]);
      return real(a, b);
    };
    t.teardown(() => {
      crypto.timingSafeEqual = real;
    });
    t.is(bearerMatches(header, token), matches);
    // always, and of digests: neither the difference nor the length shows
    t.deepEqual(compared, [[32, 32]]);
  });
}

/** Runs with these variables in the environment; undefined: unset. */
function within<T>(variables: Readonly<Record<string, string | undefined>>, act: () => T): T {
  const before = { ...process.env };
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
  try {
    return act();
  } finally {
    process.env = before;
  }
}

/** Takes the place of the log. */
const warnings: unknown[] = [];
const log = { warn: (_message: string, fields: unknown) => warnings.push(fields) };
const variable = 'HAWEIGHT_TEST_TOKEN';
const noUnit = { CREDENTIALS_DIRECTORY: undefined, INVOCATION_ID: undefined, [variable]: undefined };

function problemOf(path: string, variables: Readonly<Record<string, string | undefined>>) {
  try {
    return within({ ...noUnit, ...variables }, () => loadToken(path, variable, log));
  } catch (error) {
    if (error instanceof ProblemError) return error.problem;
    throw error;
  }
}

test.serial('a credential that systemd did not pass on is named as one', (t) => {
  for (const path of ['/token', '/run/credentials/haweight-controller.service/agent.token']) {
    t.like(problemOf(path, {}), {
      code: 'token-invalid',
      where: path,
      what: "systemd gave no credential: LoadCredential= of the unit is empty (a drop-in of the container's image?)",
    });
  }
  // `${CREDENTIALS_DIRECTORY}/agent.token` in a unit of another name
  t.regex(String(JSON.stringify(problemOf('/agent.token', { INVOCATION_ID: '0'.repeat(32) }))), /systemd gave no/);
});

test.serial('another file that is not there is only unreadable', (t) => {
  const unreadable = { what: 'the token file cannot be read', got: 'ENOENT' };
  t.like(problemOf('/etc/haweight/none.token', {}), unreadable);
  t.like(problemOf('/agent.token', {}), unreadable);
  t.like(problemOf('/run/credentials/x/token', { CREDENTIALS_DIRECTORY: '/run/credentials/x' }), unreadable);
});

test.serial('the environment stands in for a credential that was not passed on, and for no other file', (t) => {
  t.is(problemOf('/token', { [variable]: token }), token);
  t.like(problemOf('/token', { [variable]: 'short' }), { code: 'token-invalid', what: 'invalid bearer token' });
  t.like(problemOf('/etc/haweight/none.token', { [variable]: token }), { what: 'the token file cannot be read' });
});

test.serial(
  'a token that every user may read is used, with one warning; one that only its group may, without',
  async (t) => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'token');
    await writeFile(path, `${token}\n`);
    for (const [mode, expected] of [
      [0o644, 1],
      [0o604, 1],
      [0o640, 0],
      [0o600, 0],
    ] as const) {
      await chmod(path, mode);
      warnings.length = 0;
      t.is(problemOf(path, {}), token);
      t.is(warnings.length, expected, mode.toString(8));
      if (expected === 1) t.like(warnings[0], { code: 'token-exposed' });
    }
  },
);

test.serial('a token file that never ends, and one that is a folder, are refused in one line', (t) => {
  t.like(problemOf('/dev/zero', {}), { code: 'token-invalid', where: '/dev/zero', got: 'over 4 KiB' });
  t.like(problemOf('/', {}), { code: 'token-invalid', where: '/', got: 'EISDIR' });
});
