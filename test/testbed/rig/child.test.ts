import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import test from 'ava';
import { Child } from '../../../testbed/rig/child.ts';
import { processesMarked } from '../../support/marked-processes.ts';
import { until } from '../../support/until.ts';

const forever = ['-e', 'process.stderr.write("ready\\n"); setInterval(() => {}, 1_000)'];
const runs = (pid: number) => existsSync(`/proc/${pid}`);

test('a child can be stopped even where it was halted, and its last words are kept', async (t) => {
  await using child = new Child(forever);
  await until('its words', () => child.lastWords === 'ready\n');
  t.deepEqual([child.loggedBytes, child.loggedLines, child.isRunning], [6, 1, true]);
  child.assertRunning('child');
  child.signal('SIGSTOP');
  await child.stop();
  t.is(child.process.signalCode, 'SIGTERM', 'it was asked, not killed');
  t.false(child.isRunning);
  t.throws(() => child.assertRunning('child'), { message: /child: ended unexpectedly.*ready/ });
});

/** A process that starts a child of ours that ends and one that does not, tells the latter's id, and waits. */
async function parent(mark: string): Promise<{ readonly process: ChildProcess; readonly childId: number }> {
  const program = `
    const { Child } = await import(${JSON.stringify(new URL('../../../testbed/rig/child.ts', import.meta.url).href)});
    const child = new Child(${JSON.stringify(forever)});
    const ended = new Child(['-e', '']);
    while (ended.isRunning) await new Promise((done) => setTimeout(done, 10));
    process.stdout.write(child.pid + '\\n');
    setInterval(() => {}, 1_000);`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, LONGRUN_TEST: mark },
  });
  let text = '';
  started.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await until('the id of the child', () => text.endsWith('\n'));
  return { process: started, childId: Number(text) };
}

test('it does not outlive us, even where we are killed', async (t) => {
  const mark = randomUUID();
  const { process: started, childId } = await parent(mark);
  t.true(runs(childId));
  // the parent, its child, and the guard of that one only: the guard of a child that has ended is called off
  await until('the end of the other guard', () => processesMarked(`LONGRUN_TEST=${mark}`).length === 3);
  started.kill('SIGKILL');
  await until('the end of the child', () => !runs(childId));
  t.pass();
});
