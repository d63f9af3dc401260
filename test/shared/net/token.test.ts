import crypto from 'node:crypto';
import test from 'ava';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { bearerMatches, loadToken } from '../../../shared/net/token.ts';

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

const variable = 'HAWEIGHT_TEST_TOKEN';
const noUnit = { CREDENTIALS_DIRECTORY: undefined, INVOCATION_ID: undefined, [variable]: undefined };

function problemOf(path: string, variables: Readonly<Record<string, string | undefined>>) {
  try {
    return within({ ...noUnit, ...variables }, () => loadToken(path, variable));
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
