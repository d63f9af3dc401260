import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { fieldsOf } from '../../../cli/jtl/csv.ts';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { serialWhere } from '../../support/test-where.ts';

/* The plans, run by a real JMeter against a real HAProxy with application servers. */

const program = process.env['JMETER'] ?? '';
const jmeterTest = serialWhere(program !== '', 'the JMeter plans; JMETER=PATH names a JMeter to run them with');

const plan = (name: string) => new URL(`../../../deploy/jmeter/${name}`, import.meta.url).pathname;
const servers = ['s1', 's2'];
const leadMs = 2_000;

interface Run extends AsyncDisposable {
  readonly file: string;
  /** When the test began, in ms of the wall clock. */
  readonly startedAtMs: Promise<number>;
  readonly ended: Promise<void>;
}

/** `jmeter -n -t PLAN`, as docs/load-testing.md has it. */
async function startJmeter(t: ExecutionContext, port: number, name: string, settings: object): Promise<Run> {
  const folder = await temporaryFolder();
  const file = join(folder.path, 'run.jtl');
  const all = { port, threads: 40, ...settings };
  const flags = Object.entries(all).map(([key, value]) => `-J${key}=${value}`);
  const args = ['-n', '-q', plan('jtl.properties'), '-t', plan(name), '-l', file, ...flags];
  const environment = { ...process.env, JMETER_LOG: join(folder.path, 'log') };
  const options = { environment, cwd: folder.path, stdout: true, keptCharacters: 100_000 };
  const child = new Child('jmeter', [program, ...args], options);
  const started = () => /Starting the test @ .*\((\d+)\)/.exec(child.stdout);
  const startedAtMs = (async () => {
    await until(
      () => `the start of the test: ${child.stdout} ${child.stderr}`,
      () => started() !== null || !child.isRunning,
    );
    return Number(started()?.[1]);
  })();
  const ended = child.ended.then(({ code }) => void t.is(code, 0, `${child.stdout} ${child.stderr}`));
  return {
    ...{ file, startedAtMs, ended },
    [Symbol.asyncDispose]: async () => {
      await child.kill();
      await folder[Symbol.asyncDispose]();
    },
  };
}

interface Row {
  readonly label: string;
  readonly server: string;
  readonly success: boolean;
  readonly dueMs: number;
}

async function rowsOf(file: string): Promise<Row[]> {
  const [header = '', ...lines] = (await readFile(file, 'utf8')).trimEnd().split('\n');
  const names = fieldsOf(header, ',');
  return lines.map((line) => {
    const fields = fieldsOf(line, ',');
    const text = (name: string) => fields[names.indexOf(name)] ?? '';
    return {
      ...{ label: text('label'), server: text('server') },
      ...{ success: text('success') === 'true', dueMs: Number(text('due')) },
    };
  });
}

function gapsOf(rows: readonly Row[]): number[] {
  const due = rows.map(({ dueMs }) => dueMs).toSorted((a, b) => a - b);
  return due.slice(1).map((at, index) => at - (due[index] ?? 0));
}

function near(t: ExecutionContext, value: number, expected: number, tolerance: number): void {
  t.true(Math.abs(value / expected - 1) <= tolerance, `${value}, expected ${expected}`);
}

jmeterTest('steady.jmx sends a Poisson process of the given rate, and records the server', async (t) => {
  await using stack = await Stack.start({ servers });
  const [rate, seconds] = [100, 12];
  await using run = await startJmeter(t, stack.port, 'steady.jmx', { rate, seconds });
  await run.ended;
  const rows = await rowsOf(run.file);
  // five standard deviations of such a process
  near(t, rows.length, rate * seconds, 5 / Math.sqrt(rate * seconds));
  const gaps = gapsOf(rows);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length;
  near(t, Math.sqrt(variance) / mean, 1, 0.2);
  // of exponential gaps 1 / e are longer than the mean
  near(t, gaps.filter((gap) => gap > mean).length / gaps.length, Math.exp(-1), 0.25);
  t.deepEqual([...new Set(rows.map(({ server }) => server))].toSorted(), servers);
  t.true(rows.every(({ label, success }) => label === 'steady' && success));

  const { code, stdout, stderr } = await haweight(['jtl', run.file, '--json']);
  t.is(code, 0, stderr);
  const { all, groups, load } = JSON.parse(stdout) as {
    all: { requests: number };
    groups: { name: string; requests: number }[];
    load: { late: unknown };
  };
  t.is(all.requests, rows.length);
  t.deepEqual(
    groups.map(({ name }) => name),
    servers,
  );
  t.not(load.late, null);
});

jmeterTest('flash-crowd.jmx sends bursts of the given height, length and times on the base load', async (t) => {
  await using stack = await Stack.start({ servers });
  const [capacity, basePercent, burstPercent, everySeconds, burstMs] = [60, 50, 200, 2, 500];
  const shape = { capacity, basePercent, burstPercent, everySeconds, burstMs, seconds: 9, burstThreads: 40 };
  await using run = await startJmeter(t, stack.port, 'flash-crowd.jmx', shape);
  const originMs = (await run.startedAtMs) + leadMs;
  await run.ended;
  const rows = await rowsOf(run.file);
  const burst = rows.filter(({ label }) => label === 'burst');
  // bursts after 2, 4, 6 and 8 s
  near(t, burst.length, 4 * 0.5 * capacity * 2, 0.33);
  near(t, rows.length - burst.length, (9 - 4 * 0.5) * capacity * 0.5, 0.35);
  // JMeter prints that it starts up to some ms before or after the moment that its clock counts from
  const slackMs = 250;
  for (const { dueMs, label } of rows) {
    const inPeriodMs = (dueMs - originMs) % 2_000;
    const isClear = dueMs - originMs > 2_000 && inPeriodMs > slackMs && inPeriodMs < 500 - slackMs;
    if (label === 'burst') t.true(inPeriodMs < 500 + slackMs || inPeriodMs > 2_000 - slackMs, `${inPeriodMs}`);
    if (isClear) t.is(label, 'burst');
  }
});

jmeterTest('failure.jmx tells requests during a failure apart from those before and after', async (t) => {
  await using stack = await Stack.start({ servers, serverOptions: '' });
  const settings = { rate: 60, seconds: 12, failAtSeconds: 4, failForSeconds: 4 };
  await using run = await startJmeter(t, stack.port, 'failure.jmx', settings);
  const originMs = (await run.startedAtMs) + leadMs;
  const at = async (seconds: number) => delay(Math.max(0, originMs + seconds * 1_000 - Date.now()));
  await at(4.5);
  await stack.tell('s1', { failing: 503 });
  await at(7);
  await stack.tell('s1', { failing: 0 });
  await run.ended;
  const rows = await rowsOf(run.file);
  for (const label of ['before', 'failure', 'after'])
    near(t, rows.filter((row) => row.label === label).length, 240, 0.35);
  const failed = rows.filter(({ success }) => !success);
  t.true(failed.length > 20, `${failed.length}`);
  t.true(failed.every(({ server, label }) => server === 's1' && label === 'failure'));
  const { stdout } = await haweight(['jtl', run.file, '--by', 'label']);
  t.regex(stdout, /\nbefore +\d+ +0\.00%/);
  t.regex(stdout, /\n {2}failure: \d+ x 503\n/);
});
