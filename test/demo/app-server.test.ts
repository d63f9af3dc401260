import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import test from 'ava';
import { freePorts } from '../../demo/ports.ts';

const program = fileURLToPath(new URL('../../demo/app-server.ts', import.meta.url));
/** Clock ticks of /proc/PID/stat, in ms: USER_HZ is 100 on every Linux that Node runs on. */
const clockTickMs = 10;

async function startApp(cores: number) {
  const [port = 0] = await freePorts([{ port: 0, hosts: ['127.0.0.1'] }]);
  const args = ['--name', 's1', '--listen', `127.0.0.1:${port}`, '--cores', `${cores}`];
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  const url = `http://127.0.0.1:${port}`;
  const deadline = performance.now() + 10_000;
  while (
    !(await fetch(`${url}/healthz`).then(
      ({ ok }) => ok,
      () => false,
    ))
  ) {
    if (performance.now() > deadline) throw new Error('the application server did not start');
    await sleep(50);
  }
  const stop = async () => {
    child.kill();
    await exited;
  };
  return { url, pid: child.pid ?? 0, [Symbol.asyncDispose]: stop };
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * clockTickMs;
}

/** CPU cores that the process uses over the next `ms`. */
async function coresUsed(pid: number, ms: number): Promise<number> {
  const [cpuBefore, before] = [cpuMs(pid), performance.now()];
  await sleep(ms);
  return (cpuMs(pid) - cpuBefore) / (performance.now() - before);
}

test('flooded with work, the process uses its CPU quota and no more', async (t) => {
  await using app = await startApp(0.3);
  const stop = new AbortController();
  const flood = Array.from({ length: 5 }, () => fetch(`${app.url}/work?cpuMs=5000`, { signal: stop.signal }));
  const settled = Promise.allSettled(flood);
  await coresUsed(app.pid, 300);
  const used = await coresUsed(app.pid, 2_000);
  stop.abort();
  await settled;
  t.true(used > 0.2 && used < 0.33, `${used} cores`);
});

test('work whose client has gone is dropped', async (t) => {
  await using app = await startApp(0.5);
  const gone = fetch(`${app.url}/work?cpuMs=9000`, { signal: AbortSignal.timeout(200) });
  await t.throwsAsync(gone);
  const started = performance.now();
  const next = await fetch(`${app.url}/work?cpuMs=1`);
  t.is(next.status, 200);
  t.is(next.headers.get('x-server'), 's1');
  t.true(performance.now() - started < 5_000);
});

test('a noisy neighbour really burns its share, and requests get what is left', async (t) => {
  await using app = await startApp(0.4);
  t.is((await fetch(`${app.url}/neighbour?share=0.5`, { method: 'PUT' })).status, 204);
  await coresUsed(app.pid, 300);
  const idle = await coresUsed(app.pid, 1_500);
  // its share is 0.2; the rest of the process takes a little too, and unpaced it would be 1
  t.true(idle > 0.14 && idle < 0.3, `${idle} cores by the neighbour`);
  const started = performance.now();
  // 20 of these 200 CPU-ms are saved up; the rest at 0.2 cores takes 900 ms, without the neighbour it would take 400
  await fetch(`${app.url}/work?cpuMs=200`);
  t.true(performance.now() - started > 700, `${performance.now() - started} ms`);
  t.is((await fetch(`${app.url}/neighbour?share=0`, { method: 'PUT' })).status, 204);
  const after = await coresUsed(app.pid, 1_000);
  t.true(after < 0.05, `${after} cores after it stopped`);
});

test('what it cannot do is refused', async (t) => {
  await using app = await startApp(0.5);
  t.is((await fetch(`${app.url}/work?cpuMs=NaN`)).status, 400);
  t.is((await fetch(`${app.url}/work?cpuMs=-1`)).status, 400);
  t.is((await fetch(`${app.url}/neighbour?share=1`, { method: 'PUT' })).status, 400);
  t.is((await fetch(`${app.url}/nothing`)).status, 404);
});
