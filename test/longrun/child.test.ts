import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import test from 'ava';
import { Child } from '../../longrun/child.ts';
import { until } from '../support/until.ts';

const forever = ['-e', 'process.stderr.write("ready\\n"); setInterval(() => {}, 1_000)'];
const runs = (pid: number) => existsSync(`/proc/${pid}`);

test('a child can be stopped even where it was halted, and its last words are kept', async (t) => {
  await using child = new Child(forever);
  await until('its words', () => child.lastWords === 'ready\n');
  t.deepEqual([child.loggedBytes, child.loggedLines, child.isRunning], [6, 1, true]);
  child.assertRunning('child');
  child.signal('SIGSTOP');
  await child.stop();
  t.false(child.isRunning);
  t.throws(() => child.assertRunning('child'), { message: /child: ended unexpectedly.*ready/ });
});

/** A process that starts a child of ours, tells its id, and waits. */
async function parent(): Promise<{ readonly process: ChildProcess; readonly childId: number }> {
  const program = `
    const { Child } = await import(${JSON.stringify(new URL('../../longrun/child.ts', import.meta.url).href)});
    const child = new Child(${JSON.stringify(forever)});
    const ended = new Child(['-e', '']);
    while (ended.isRunning) await new Promise((done) => setTimeout(done, 10));
    process.stdout.write(child.pid + '\\n');
    setInterval(() => {}, 1_000);`;
  const started = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  started.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await until('the id of the child', () => text.endsWith('\n'));
  return { process: started, childId: Number(text) };
}

test('it does not outlive us, even where we are killed', async (t) => {
  const { process: started, childId } = await parent();
  t.true(runs(childId));
  started.kill('SIGKILL');
  await until('the end of the child', () => !runs(childId));
  t.pass();
});
