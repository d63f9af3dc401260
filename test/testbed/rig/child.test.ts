import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { processesMarked } from '../../support/marked-processes.ts';

const forever = [process.execPath, '-e', 'process.stderr.write("ready\\n"); setInterval(() => {}, 1_000)'];
const shell = (script: string) => ['/bin/sh', '-c', script];
const runs = (pid: number) => existsSync(`/proc/${pid}`);

/** An environment by which a test's processes, and theirs, can be found again. */
function marked() {
  const id = randomUUID();
  return { mark: `HAWEIGHT_TEST_MARK=${id}`, environment: { ...process.env, HAWEIGHT_TEST_MARK: id } };
}

async function waitForProcesses(mark: string, count: number): Promise<void> {
  await until(
    () => `${count} processes, there are ${processesMarked(mark).length}`,
    () => processesMarked(mark).length === count,
  );
}

test('a child can be stopped even where it was halted, and its last words are kept', async (t) => {
  await using child = new Child('child', forever);
  await until('its words', () => child.stderr === 'ready\n');
  t.true(child.isRunning);
  child.assertRunning();
  child.signal('SIGSTOP');
  t.deepEqual(await child.stop(), { code: null, signal: 'SIGTERM' }, 'it was asked, not killed');
  t.false(child.isRunning);
  t.throws(() => child.assertRunning(), { message: /^child: ended unexpectedly; got signal SIGTERM.*ready/ });
});

test('one that does not end when asked is killed after the grace period', async (t) => {
  const ignores = 'process.on("SIGTERM", () => {}); process.stderr.write("ready"); setInterval(() => {}, 1_000)';
  await using child = new Child('child', [process.execPath, '-e', ignores], { graceMs: 100 });
  await until('its words', () => child.stderr === 'ready');
  t.deepEqual(await child.stop(), { code: null, signal: 'SIGKILL' });
});

test('stopping a child ends its children too, also such as ignore SIGTERM', async (t) => {
  const { mark, environment } = marked();
  await using child = new Child('family', shell('(trap "" TERM; sleep 60; sleep 60) & sleep 60'), { environment });
  await waitForProcesses(mark, 4);
  await child.stop();
  await waitForProcesses(mark, 0);
  t.pass();
});

test('where a child dies by itself its children end too, and do not keep its end from being noticed', async (t) => {
  const { mark, environment } = marked();
  await using child = new Child('family', shell('(trap "" TERM; sleep 60; sleep 60) & sleep 60'), { environment });
  await waitForProcesses(mark, 4);
  child.signal('SIGKILL');
  await t.throwsAsync(child.failure, { message: /^family: ended unexpectedly; got signal SIGKILL$/ });
  await waitForProcesses(mark, 0);
});

test('a child that ends by itself is a problem that says how and what it last said', async (t) => {
  const script = 'for i in 1 2 3; do echo noise$i >&2; done; echo; echo "port is taken" >&2; exit 3';
  await using child = new Child('s1', shell(script));
  const error = await t.throwsAsync(child.failure, { instanceOf: ProblemError });
  t.is(error?.message, 's1: ended unexpectedly; got exit code 3, and last it said "noise2 noise3 port is taken"');
});

test('a program that is not there is a problem too', async (t) => {
  await using child = new Child('s1', ['/no/such/program']);
  const error = await t.throwsAsync(child.failure, { instanceOf: ProblemError });
  t.regex(error?.message ?? '', /^s1: cannot be started; got .*ENOENT/);
  t.throws(() => child.pid, { instanceOf: ProblemError });
});

test('the end of a child that was told to end is not a problem', async (t) => {
  const [stopped, killed] = [new Child('a', ['sleep', '60']), new Child('b', ['sleep', '60'])];
  let failed = false;
  for (const { failure } of [stopped, killed]) {
    failure.catch(() => {
      failed = true;
    });
  }
  await stopped.stop();
  t.deepEqual(await killed.kill(), { code: null, signal: 'SIGKILL' });
  t.false(failed);
});

test('what it writes is kept, up to a limit, and a message is answered by a message', async (t) => {
  const echo = 'console.log("0123456789"); process.on("message", (text) => process.send(text + "!"))';
  const options = { ipc: true, stdout: true, keptCharacters: 5 };
  await using child = new Child('echo', [process.execPath, '-e', echo], options);
  t.is(await child.ask('hello', 60_000), 'hello!');
  await until('its words', () => child.stdout === '6789\n');
});

test('an environment, a folder and a command to go through can be given', async (t) => {
  const options = { environment: { NAME: 'x' }, cwd: '/', through: ['/usr/bin/env', 'OTHER=y'], stdout: true };
  await using child = new Child('child', shell('echo "$NAME $OTHER $PWD"'), options);
  t.deepEqual(await child.ended, { code: 0, signal: null });
  t.is(child.stdout, 'x y /\n');
});

/** A process that starts a child that ends and one that does not, tells the latter's id, and waits. */
async function parent(
  mark: string,
  folder: string,
): Promise<{ readonly process: ChildProcess; readonly childId: number }> {
  const program = `
    const { Child } = await import(${JSON.stringify(new URL('../../../testbed/rig/child.ts', import.meta.url).href)});
    const environment = process.env;
    const child = new Child('child', ${JSON.stringify(forever)}, { environment, folder: ${JSON.stringify(folder)} });
    const ended = new Child('ended', [process.execPath, '-e', ''], { environment });
    await ended.ended;
    process.stdout.write(child.pid + '\\n');
    setInterval(() => {}, 1_000);`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, HAWEIGHT_TEST_MARK: mark },
  });
  let text = '';
  started.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await until('the id of the child', () => text.endsWith('\n'));
  return { process: started, childId: Number(text) };
}

test('it does not outlive us, even where we are killed, nor does its folder', async (t) => {
  const id = randomUUID();
  const folder = mkdtempSync(join(tmpdir(), 'haweight-child-test-'));
  const { process: started, childId } = await parent(id, folder);
  t.true(runs(childId));
  // the parent, its child, and the last resort of that one only: that of a child that has ended is called off
  await waitForProcesses(`HAWEIGHT_TEST_MARK=${id}`, 3);
  started.kill('SIGKILL');
  await until('the end of the child and its folder', () => !runs(childId) && !existsSync(folder));
  t.pass();
});
