import { readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { setFaults } from '../../../../testbed/rig/app/control.ts';
import { Child } from '../../../../testbed/rig/child.ts';
import { freePort } from '../../../../testbed/rig/ports.ts';
import { programs } from '../../../../testbed/rig/programs.ts';
import { answers, until } from '../../../../testbed/rig/wait.ts';

/** Clock ticks of /proc/PID/stat, in ms: USER_HZ is 100 on every Linux that Node runs on. */
const clockTickMs = 10;

async function startApp(cores: number) {
  const port = await freePort();
  const args = ['--name', 's1', '--listen', `127.0.0.1:${port}`, '--cores', `${cores}`];
  const child = new Child('app', [process.execPath, programs.app, ...args]);
  const url = `http://127.0.0.1:${port}`;
  await until('the application server', () => answers(`${url}/healthz`));
  return { url, pid: child.pid, [Symbol.asyncDispose]: () => child[Symbol.asyncDispose]() };
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * clockTickMs;
}

/** CPU cores that the process uses over the next `ms`; never more than it does. */
async function coresUsed(pid: number, ms: number): Promise<number> {
  const before = performance.now();
  const cpuBefore = cpuMs(pid);
  await sleep(ms);
  const used = cpuMs(pid) - cpuBefore;
  return used / (performance.now() - before);
}

/**
 * Measures until the process uses a number of cores in this range. Less than it may use is not a failure, since a busy
 * machine may have given it no more; it is measured again. More is one.
 */
async function usesCores(t: ExecutionContext, pid: number, least: number, most: number): Promise<void> {
  await coresUsed(pid, 300);
  await until(`${least} cores used`, async () => {
    const used = await coresUsed(pid, 1_500);
    t.true(used <= most, `${used} cores`);
    return used >= least;
  });
}

test('flooded with work, the process uses its CPU quota and no more', async (t) => {
  await using app = await startApp(0.1);
  const stop = new AbortController();
  const flood = Array.from({ length: 5 }, () => fetch(`${app.url}/work?cpuMs=10000`, { signal: stop.signal }));
  const settled = Promise.allSettled(flood);
  await usesCores(t, app.pid, 0.08, 0.13);
  stop.abort();
  await settled;
});

test('work whose client has gone is dropped', async (t) => {
  await using app = await startApp(0.2);
  const idleCpuMs = cpuMs(app.pid);
  const leave = new AbortController();
  const gone = t.throwsAsync(fetch(`${app.url}/work?cpuMs=9000`, { signal: leave.signal }));
  await until('work on it', () => cpuMs(app.pid) > idleCpuMs + 50);
  leave.abort();
  await gone;
  const started = performance.now();
  const next = await fetch(`${app.url}/work?cpuMs=1`);
  t.is(next.status, 200);
  t.is(next.headers.get('x-server'), 's1');
  // the work would have taken 45 s
  t.true(performance.now() - started < 20_000);
});

test('a noisy neighbour really burns its share, and requests get what is left', async (t) => {
  await using app = await startApp(0.2);
  await setFaults(app.url, { busy: 0.1 });
  // it takes 0.1; the rest of the process takes a little too
  await usesCores(t, app.pid, 0.08, 0.15);
  const started = performance.now();
  // 10 of these 100 CPU-ms are saved up; the rest at 0.1 cores takes 900 ms, without the neighbour it would take 400
  await fetch(`${app.url}/work?cpuMs=100`);
  t.true(performance.now() - started > 700, `${performance.now() - started} ms`);
  await setFaults(app.url, { busy: 0 });
  const after = await coresUsed(app.pid, 1_000);
  t.true(after < 0.05, `${after} cores after it stopped`);
});

test('what it cannot do is refused', async (t) => {
  await using app = await startApp(0.5);
  t.is((await fetch(`${app.url}/work?cpuMs=NaN`)).status, 400);
  t.is((await fetch(`${app.url}/work?cpuMs=-1`)).status, 400);
  t.is((await fetch(`${app.url}/control?busy=0.5`, { method: 'PUT' })).status, 400);
  t.is((await fetch(`${app.url}/nothing`)).status, 404);
});
