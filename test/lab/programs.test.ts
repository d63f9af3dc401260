import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'ava';
import type { PromiseReport } from '../../lab/promise/report.ts';
import type { Check } from '../../lab/support/check.ts';
import { until } from '../../testbed/rig/wait.ts';
import { MarkedProgram } from '../support/marked-program.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const startPromise = (...flags: readonly string[]) =>
  new MarkedProgram('lab/promise/main.ts', '--seconds', '5', ...flags);

test.serial('a short promise run fails no request, through HAProxy and beside a real controller', async (t) => {
  t.timeout(180_000);
  await using promise = startPromise('--requests', '12000', '--changes', '20', '--json');
  t.is((await promise.end()).code, 0, promise.errors + promise.output);
  const report = JSON.parse(promise.output) as PromiseReport;
  t.true(report.passed);
  t.deepEqual(report.failures, {});
  t.deepEqual(
    report.phases.slice(0, 3).map(({ name, requests, failed }) => ({ name, requests, failed })),
    ['roundrobin', 'leastconn', 'random(2)'].map((name) => ({ name, requests: 4_002, failed: 0 })),
  );
  t.true(report.phases.every(({ changes, p99 }) => changes > 0 && p99.changingMs > 0 && p99.stillMs > 0));
  t.true(report.phases.some(({ toOrFromZero }) => toOrFromZero > 0));
  await promise.waitFor('end of its processes', () => promise.processes.length === 0);
  t.deepEqual(promise.files, []);
});

test.serial('promise ends with exit code 1 if fewer changes took effect than were asked for', async (t) => {
  t.timeout(180_000);
  await using promise = startPromise('--requests', '1000', '--changes', '1000000');
  t.is((await promise.end()).code, 1, promise.errors);
  t.regex(promise.output, /\| changes of weights that took effect \| \d+ \| at least 1,000,000 \| failed \|/);
  t.regex(promise.output, /\nFAILED\n$/);
});

interface Verdict {
  readonly passed: boolean;
  readonly summary: string;
  readonly checks: readonly Check[];
  readonly notCaused: readonly string[];
}

test.serial('Ctrl-C ends soak with the verdict so far, and ends everything that it started', async (t) => {
  t.timeout(180_000);
  await using folder = await temporaryFolder();
  const csv = join(folder.path, 'soak.csv');
  await using soak = new MarkedProgram('lab/soak/main.ts', '--minutes', '10', '--rate', '50', '--csv', csv, '--json');
  await until(
    () => `a fault: ${soak.errors}`,
    () => soak.errors.includes('last: '),
    { limitMs: 120_000 },
  );
  soak.signal('SIGINT');
  const { code: exitCode } = await soak.end();
  const verdict = JSON.parse(soak.output) as Verdict;
  t.deepEqual(
    verdict.checks.filter((check) => check.verdict === 'failed'),
    [],
  );
  t.is(exitCode, 0);
  t.true(verdict.passed);
  t.deepEqual(verdict.notCaused, []);
  t.regex(verdict.summary, / [1-9]\d* reloads, \d+ other faults and recoveries/);
  const measured = (name: string) => verdict.checks.find((check) => check.name === name)?.measured;
  t.regex(measured('requests that failed without a reason') ?? '', /^0 of [1-9]/);
  t.regex(measured('recording on disk') ?? '', /^[1-9]\d* ticks written/);
  const [head = '', ...rows] = readFileSync(csv, 'utf8').trimEnd().split('\n');
  t.true(head.includes('controller.residentMiB') && rows.length >= 2);
  await soak.waitFor('end of its processes', () => soak.processes.length === 0);
  t.deepEqual(soak.files, []);
});

const wrong = [
  { name: 'promise', flags: ['--requests', '999'], says: /--requests.*whole number from 1000 to/s },
  { name: 'promise', flags: ['--requests', '2000.5'], says: /whole number/ },
  { name: 'promise', flags: ['--seconds', 'x'], says: /--seconds.*number from 5 to 3600/s },
  { name: 'soak', flags: ['--minutes', '0'], says: /--minutes.*number from 0.1 to/s },
  { name: 'soak', flags: ['--policy', 'best'], says: /--policy.*inverse-load/s },
  { name: 'soak', flags: ['--hours', '1'], says: /unknown option '--hours'/ },
] as const;

for (const { name, flags, says } of wrong) {
  test(`${name} ${flags.join(' ')} is refused with a message and exit code 2`, async (t) => {
    await using program = new MarkedProgram(`lab/${name}/main.ts`, ...flags);
    t.is((await program.end()).code, 2);
    t.regex(program.errors, says);
    t.is(program.output, '');
  });
}

for (const name of ['promise', 'soak'] as const) {
  test(`${name} --help has examples and fits 80 columns`, async (t) => {
    await using program = new MarkedProgram(`lab/${name}/main.ts`, '--help');
    t.is((await program.end()).code, 0);
    t.regex(program.output, /Examples:\n {2}npm run/);
    t.deepEqual(
      program.output.split('\n').filter((line) => line.length > 80),
      [],
    );
  });
}
