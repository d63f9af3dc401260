import { spawn } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';

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
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (said === 'ready\n' && signal !== null) child.kill(signal);
  });
  const [code, killedBy] = await once(child, 'close');
  return { said: said.trimEnd().split('\n'), code, killedBy };
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
