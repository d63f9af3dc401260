import test from 'ava';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';

const module = new URL('../../../controller/run/stop-request.ts', import.meta.url).href;

const prepared = `
  import { stopRequest } from '${module}';
  const logger = { error: (message) => console.log(message) };
  const stop = stopRequest({ logger, deadlineMs: 300 });
  console.log('ready');
`;
const neverEnds = `
  setInterval(() => undefined, 1_000);
  console.log(await stop);
`;
const fails = `
  await Promise.reject(new Error('a defect'));
`;

/** What the program says, and how it ends, when it gets this signal. */
async function endOf(program: string, signal: NodeJS.Signals | null) {
  const args = ['--input-type=module', '-e', prepared + program];
  await using child = new Child('program', [process.execPath, ...args], { stdout: true });
  if (signal !== null) {
    await until('it is ready', () => child.stdout === 'ready\n');
    child.signal(signal);
  }
  const { code, signal: killedBy } = await child.ended;
  return { said: child.stdout.trimEnd().split('\n'), code, killedBy };
}

for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
  test(`${signal} is a reason to stop; leaving that does not come to an end is ended, with 1`, async (t) => {
    const said = ['ready', signal, 'leaving took too long'];
    t.deepEqual(await endOf(neverEnds, signal), { said, code: 1, killedBy: null });
  });
}

test('a defect before anything waits for a reason to stop: logged, and exit code 1', async (t) => {
  t.deepEqual(await endOf(fails, null), { said: ['ready', 'unexpected error'], code: 1, killedBy: null });
});
