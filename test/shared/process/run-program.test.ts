import test from 'ava';
import { Child } from '../../../testbed/rig/child.ts';

const root = new URL('../../../', import.meta.url);

async function run(args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const options = { cwd: root.pathname, environment: { ...process.env, ...environment }, stdout: true };
  await using child = new Child('program', [process.execPath, ...args], options);
  const { code } = await child.ended;
  return { code, output: child.stdout, errors: child.stderr };
}

/** A program of its own with this as its main function. */
const runMain = (main: string) =>
  run([
    '--input-type=module',
    '--eval',
    `import { runProgram } from '${new URL('shared/process/run-program.ts', root)}';
     import { ProblemError } from '${new URL('shared/contract/problem.ts', root)}';
     await runProgram('some:program', ${main});`,
  ]);

test('a program ends with the exit code that its main function gives', async (t) => {
  t.deepEqual(await runMain('() => 0'), { code: 0, output: '', errors: '' });
  t.deepEqual(await runMain('async () => 130'), { code: 130, output: '', errors: '' });
});

test('a problem ends a program with one line that begins with its name, and exit code 2', async (t) => {
  const problem = `{ code: 'usage', where: '--seeds', what: 'cannot be used', expected: 'a number', got: 'a\\nb' }`;
  for (const main of [
    `() => { throw new ProblemError(${problem}) }`,
    `() => Promise.reject(new ProblemError(${problem}))`,
  ])
    t.deepEqual(await runMain(main), {
      code: 2,
      output: '',
      errors: 'some:program: --seeds: cannot be used; expected a number, got a b\n',
    });
});

test('any other error is a defect: it ends a program with exit code 1 and where it happened', async (t) => {
  const { code, errors } = await runMain(`() => { throw new TypeError('a defect') }`);
  t.is(code, 1);
  t.regex(errors, /\nTypeError: a defect\n {4}at /);
});

const noHaproxy = { HAPROXY: '/nonexistent' };
for (const [name, args, environment] of [
  ['promise', ['lab/promise/main.ts'], noHaproxy],
  ['soak', ['lab/soak/main.ts'], noHaproxy],
  ['simulate:goals', ['lab/goals/main.ts', '--seeds', 'x'], {}],
  ['fuzz', ['lab/fuzz/main.ts', '--seed', 'x'], {}],
] as const) {
  test(`what keeps npm run ${name} from its work is its last line, and exit code 2`, async (t) => {
    const { code, output, errors } = await run(args, environment);
    t.is(code, 2, errors);
    t.is(output, '');
    t.regex(errors, new RegExp(`(?:^|\\n)${name}: [^\\n]+; (?:expected|got) [^\\n]+\\n$`));
  });
}
