import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { Child } from '../../testbed/rig/child.ts';
import { programs } from '../../testbed/rig/programs.ts';

const look = ['agent', '--once', '--json', '--scope', 'host', '--window-ms', '200', '--sample-ms', '100'];

/** Runs `haweight` as the script has it, in "$@". */
async function runIn(script: string, args: readonly string[] = look, environment: NodeJS.ProcessEnv = process.env) {
  const through = ['/bin/sh', '-c', script, 'sh'];
  const options = { through, stdout: true, keptCharacters: 100_000, environment };
  await using child = new Child('haweight', [process.execPath, programs.haweight, ...args], options);
  const { code, signal } = await child.ended;
  return { code, signal, stdout: child.stdout, stderr: child.stderr };
}

const folder = () => mkdtempSync(join(tmpdir(), 'haweight-gone-'));
const gone = (path: string) => `cd ${path}; rmdir ${path}; exec "$@"`;

for (const [what, script, environment] of [
  ['no environment at all', 'exec "$@"', {}],
  ['an unknown language, time zone and home', 'exec "$@"', { LC_ALL: '../x', TZ: 'nonsense', HOME: '' }],
  ['no standard input', 'exec "$@" <&-', process.env],
  ['no standard error', 'exec "$@" 2>&-', process.env],
  ['a umask of 0777', 'umask 0777; exec "$@"', process.env],
] as const) {
  test(`with ${what}, a look at the machine is as ever`, async (t) => {
    const { code, stdout } = await runIn(script, look, environment);
    t.is(code, 0);
    t.like(JSON.parse(stdout), { scope: { kind: 'host' } });
  });
}

test('in a folder that is gone a command works from /, and says so', async (t) => {
  const { code, stdout, stderr } = await runIn(gone(folder()));
  t.is(code, 0);
  t.like(JSON.parse(stdout), { scope: { kind: 'host' } });
  t.is(stderr, 'note: the working directory is gone; paths that do not begin with / are taken from /\n');
  const relative = await runIn(gone(folder()), ['doctor', '--backend', 'web', '--socket', 'a.sock']);
  t.is(relative.code, 2);
  t.regex(relative.stderr, /^note: [^\n]+\nhaweight: socket: [^\n]+such as \/a\.sock[^\n]*\n$/);
});

test('an output that cannot be written is one line, and exit code 2', async (t) => {
  for (const args of [look, ['--help']])
    t.deepEqual(await runIn('exec "$@" >/dev/full', args), {
      code: 2,
      signal: null,
      stdout: '',
      stderr: 'haweight: standard output cannot be written; got ENOSPC\n',
    });
});

test('an output that is closed does not matter', async (t) => {
  t.deepEqual(await runIn('exec "$@" >&-'), { code: 0, signal: null, stdout: '', stderr: '' });
});

test('too few descriptors for our own files are one line, and exit code 2', async (t) => {
  // with less Node.js itself crashes, or cannot read our first file; with more all is well
  for (const limit of [22, 23, 24, 25]) {
    const { code, signal, stderr } = await runIn(`ulimit -n ${limit}; exec "$@"`);
    if (signal !== null || code === 0 || stderr.startsWith('node:internal/modules/run_main')) continue;
    t.is(
      stderr,
      'haweight: too many open files. Raise the limit: ulimit -n, or LimitNOFILE= in the unit.\n',
      `${limit}`,
    );
    t.is(code, 2);
  }
  t.pass();
});
