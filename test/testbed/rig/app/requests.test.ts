import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname } from 'node:os';
import test from 'ava';
import { setFaults } from '../../../../testbed/rig/app/control.ts';
import { Child } from '../../../../testbed/rig/child.ts';
import { freePort } from '../../../../testbed/rig/ports.ts';
import { programs } from '../../../../testbed/rig/programs.ts';
import { answers, until } from '../../../../testbed/rig/wait.ts';

async function startApp(...flags: readonly string[]) {
  const port = await freePort();
  const child = new Child('app', [
    process.execPath,
    programs.app,
    '--listen',
    `127.0.0.1:${port}`,
    '--drain',
    ...flags,
  ]);
  const url = `http://127.0.0.1:${port}`;
  await until('the application', () => answers(`${url}/healthz`));
  // user and system time, in ticks of 10 ms
  const cpuTicks = () => {
    const fields = readFileSync(`/proc/${child.pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[11]) + Number(fields[12]);
  };
  const quiet = cpuTicks();
  const atWork = () => until('CPU burnt', () => cpuTicks() > quiet + 20);
  const burntTicks = () => cpuTicks() - quiet;
  return { url, port, child, atWork, burntTicks, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
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

test('with --at-once 2, two requests share the CPU in turn, and a third waits until one of them is done', async (t) => {
  await using app = await startApp('--at-once', '2');
  const answered: string[] = [];
  const ask = async (name: string, cpuMs: number) => {
    await fetch(`${app.url}/work?cpuMs=${cpuMs}`);
    answered.push(name);
  };
  const longest = ask('longest', 2_000);
  await app.atWork();
  const short = ask('short', 300);
  await fetch(`${app.url}/healthz`);
  await Promise.all([longest, short, ask('third', 1)]);
  t.deepEqual(answered, ['short', 'third', 'longest']);
});

test('a wait before the work takes no CPU and no turn: requests wait side by side', async (t) => {
  await using app = await startApp('--wait-ms', '700');
  const answered: string[] = [];
  const ask = async (name: string, query: string) => {
    await fetch(`${app.url}/work?cpuMs=1${query}`);
    answered.push(name);
  };
  const startMs = performance.now();
  const usual = ask('usual', '');
  await fetch(`${app.url}/healthz`);
  await Promise.all([usual, ask('shorter', '&waitMs=400'), ask('none', '&waitMs=0')]);
  t.deepEqual(answered, ['none', 'shorter', 'usual']);
  t.true(performance.now() - startMs >= 690);
  t.true(app.burntTicks() < 20, `${app.burntTicks()} ticks of 10 ms`);
  await setFaults(app.url, { waitMs: 0 });
  await Promise.all([ask('asked for', '&waitMs=400'), ask('now usual', '')]);
  t.deepEqual(answered.slice(3), ['now usual', 'asked for']);
});

test('what it does not know or would never end is refused', async (t) => {
  await using app = await startApp();
  const status = async (path: string, method = 'GET') => (await fetch(`${app.url}${path}`, { method })).status;
  t.is(await status('/nowhere'), 404);
  t.is(await status('/', 'POST'), 405);
  for (const cpuMs of ['-1', '10001', 'x', 'Infinity', '']) {
    const expected = cpuMs === '' ? 200 : 400;
    t.is(await status(`/work?cpuMs=${cpuMs}`), expected, cpuMs);
    t.is(await status(`/work?cpuMs=1&waitMs=${cpuMs}`), expected, cpuMs);
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
  app.child.signal('SIGTERM');
  await once(idle.resume(), 'close');
  const answer = await begun;
  t.is(answer.status, 200);
  t.is(answer.headers.get('connection'), 'close');
  t.deepEqual(await app.child.ended, { code: 0, signal: null });
});

test('a fault is caused, stays until it is ended, and changes nothing else', async (t) => {
  await using app = await startApp();
  const status = async () => (await fetch(app.url)).status;
  await setFaults(app.url, { failing: 503 });
  t.is(await status(), 503);
  await setFaults(app.url, { cpuMs: 0 });
  t.is(await status(), 503);
  await setFaults(app.url, { failing: 0, resetting: 1 });
  await t.throwsAsync(status());
  await setFaults(app.url, { resetting: 0 });
  t.is(await status(), 200);
});

test('a fault that cannot be is refused, and nothing of it is caused', async (t) => {
  await using app = await startApp();
  for (const query of [
    'failing=200',
    'failing=1000',
    'burners=0.5',
    'burners=9',
    'busy=-1',
    'waitMs=10001',
    'busy=x',
    'unknown=1',
  ]) {
    t.is((await fetch(`${app.url}/control?resetting=1&${query}`, { method: 'PUT' })).status, 400, query);
  }
  t.is((await fetch(app.url)).status, 200);
});
