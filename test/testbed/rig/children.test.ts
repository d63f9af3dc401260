import test from 'ava';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { Children } from '../../../testbed/rig/children.ts';
import { processesMarked } from '../../support/marked-processes.ts';
import { until } from '../../support/until.ts';

let marks = 0;
/** An environment by which a test's processes, and theirs, can be found again. */
function markedEnvironment() {
  const mark = `HAWEIGHT_TEST_MARK=${process.pid}-${++marks}`;
  const [name = '', value = ''] = mark.split('=');
  return { mark, env: { PATH: process.env['PATH'], [name]: value } };
}

async function waitForProcesses(mark: string, count: number): Promise<void> {
  await until(
    () => `${count} processes, there are ${processesMarked(mark).length}`,
    () => processesMarked(mark).length === count,
  );
}

test('stopping a child ends its children too, also such as ignore SIGTERM', async (t) => {
  const { mark, env } = markedEnvironment();
  await using children = new Children();
  children.start('family', '/bin/sh', ['-c', '(trap "" TERM; sleep 60; sleep 60) & sleep 60'], env);
  await waitForProcesses(mark, 4);
  await children.stop('family');
  await waitForProcesses(mark, 0);
  t.pass();
});

test('a child that ends by itself is a problem that says how and what it last said', async (t) => {
  const { env } = markedEnvironment();
  await using children = new Children();
  children.start(
    's1',
    '/bin/sh',
    ['-c', 'for i in 1 2 3; do echo noise$i >&2; done; echo; echo "port is taken" >&2; exit 3'],
    env,
  );
  const error = await t.throwsAsync(children.failure, { instanceOf: ProblemError });
  t.is(
    error?.message,
    'demo: s1: ended unexpectedly, so the demo stops; got exit code 3, and last it said "noise2 noise3 port is taken"',
  );
});

test('a program that is not there is a problem too', async (t) => {
  await using children = new Children();
  children.start('s1', '/no/such/program', [], {});
  const error = await t.throwsAsync(children.failure, { instanceOf: ProblemError });
  t.regex(error?.message ?? '', /^demo: s1: .*ENOENT/);
});

test('one that was told to end is no problem, and after the end nothing can be started', async (t) => {
  const { mark, env } = markedEnvironment();
  const children = new Children();
  let failed = false;
  children.failure.catch(() => {
    failed = true;
  });
  children.start('a', 'sleep', ['60'], env);
  children.start('b', 'sleep', ['60'], env);
  await children.stop('a');
  await children[Symbol.asyncDispose]();
  t.deepEqual(processesMarked(mark), []);
  t.false(failed);
  t.throws(() => children.start('c', 'sleep', ['60'], env), { message: /the demo is ending/ });
});
