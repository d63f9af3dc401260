import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { freePort } from '../../../testbed/rig/ports.ts';
import { until } from '../../support/until.ts';

const program = fileURLToPath(new URL('../../../testbed/rig/container-app.ts', import.meta.url));

async function startApp() {
  const port = await freePort();
  const child = spawn(process.execPath, [program, `127.0.0.1:${port}`], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  const url = `http://127.0.0.1:${port}`;
  await until('the application', () =>
    fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  // user and system time, in ticks of 10 ms
  const cpuTicks = () => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const quiet = cpuTicks();
  const atWork = () => until('CPU burnt', () => cpuTicks() > quiet + 20);
  const stop = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  return { url, port, child, exited, atWork, [Symbol.asyncDispose]: stop };
}

test('a request names the server, and one at a time has the CPU, first come first served', async (t) => {
  await using app = await startApp();
  const plain = await fetch(app.url);
  t.is(plain.status, 200);
  t.is(plain.headers.get('x-server'), hostname());
  const answered: string[] = [];
  const ask = async (name: string, cpuMs: number) => {
    await fetch(`${app.url}/work?cpuMs=${cpuMs}`);
    answered.push(name);
  };
  const long = ask('long', 1_500);
  await app.atWork();
  const second = ask('second', 100);
  // beside the work: what came before this has been read
  await fetch(`${app.url}/healthz`);
  await Promise.all([long, second, ask('third', 1)]);
  t.deepEqual(answered, ['long', 'second', 'third']);
});

test('what it does not know or would never end is refused', async (t) => {
  await using app = await startApp();
  const status = async (path: string, method = 'GET') => (await fetch(`${app.url}${path}`, { method })).status;
  t.is(await status('/nowhere'), 404);
  t.is(await status('/', 'POST'), 405);
  for (const cpuMs of ['-1', '10001', 'x', 'Infinity', '']) {
    const expected = cpuMs === '' ? 200 : 400;
    t.is(await status(`/work?cpuMs=${cpuMs}`), expected, cpuMs);
  }
});

test('told to end, it answers what it has begun, takes nothing new, and ends with 0', async (t) => {
  await using app = await startApp();
  const begun = fetch(`${app.url}/work?cpuMs=1500`);
  await app.atWork();
  const idle = connect(app.port, '127.0.0.1');
  await once(idle, 'connect');
  idle.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n');
  await once(idle, 'data');
  app.child.kill('SIGTERM');
  await once(idle.resume(), 'close');
  const answer = await begun;
  t.is(answer.status, 200);
  t.is(answer.headers.get('connection'), 'close');
  t.deepEqual(await app.exited, [0, null]);
});
