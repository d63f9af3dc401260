import test, { type ExecutionContext } from 'ava';
import type { DemoResult } from '../../../testbed/demo/result.ts';
import { commandLine } from '../../support/marked-processes.ts';
import { MarkedProgram } from '../../support/marked-program.ts';

const startDemo = (...flags: readonly string[]) => new MarkedProgram('cli/bin.ts', 'demo', '--seconds', '4', ...flags);

async function leftNothing(t: ExecutionContext, demo: MarkedProgram): Promise<void> {
  // what it killed at the end needs a moment to be gone
  await demo.waitFor('end of its processes', () => demo.processes.length === 0);
  t.deepEqual(demo.files, []);
}

const inFirstPhase = (demo: MarkedProgram) => demo.waitFor('first phase', () => demo.output.includes('explain web/s1'));
const has = (demo: MarkedProgram, program: string) => demo.commands.some((line) => line.includes(program));

test.serial('a short run measures both phases under the same load and restores the weights', async (t) => {
  await using demo = startDemo('--json');
  t.is((await demo.end()).code, 0, demo.errors);
  const result = JSON.parse(demo.output) as DemoResult;
  t.true(result.without.requests > 300);
  t.is(result.with.requests, result.without.requests);
  for (const phase of [result.without, result.with]) {
    t.true((phase.p50Ms ?? 0) > 0 && (phase.p50Ms ?? 0) <= (phase.p99Ms ?? 0));
    t.true(phase.answeredPerSecond > 0);
  }
  t.deepEqual(result.without.finalWeights, { s1: 100, s2: 100, s3: 100, s4: 100 });
  t.notDeepEqual(result.with.finalWeights, result.without.finalWeights);
  t.deepEqual(result.restoredWeights, { s1: 100, s2: 100, s3: 100, s4: 100 });
  await leftNothing(t, demo);
});

test.serial('Ctrl-C while it starts leaves no process and no file', async (t) => {
  await using demo = startDemo();
  await demo.waitFor('HAProxy', () => has(demo, 'haproxy'));
  demo.signal('SIGINT');
  t.is((await demo.end()).code, 130);
  await leftNothing(t, demo);
});

test.serial('Ctrl-C under load, pressed twice, leaves no process and no file', async (t) => {
  await using demo = startDemo();
  await inFirstPhase(demo);
  demo.signal('SIGINT');
  demo.signal('SIGINT');
  t.is((await demo.end()).code, 130);
  t.is(demo.errors, 'haweight: stopped by SIGINT\n');
  await leftNothing(t, demo);
});

test.serial('SIGTERM while the controller runs leaves no process and no file', async (t) => {
  await using demo = startDemo();
  await demo.waitFor('controller', () => has(demo, 'controller --socket'));
  demo.signal('SIGTERM');
  t.is((await demo.end()).code, 143);
  await leftNothing(t, demo);
});

test.serial('killed without a chance to clean up, it still leaves no process behind', async (t) => {
  await using demo = startDemo();
  await inFirstPhase(demo);
  demo.signal('SIGKILL');
  await demo.end();
  await demo.waitFor('end of its processes', () => demo.processes.length === 0);
  await demo.waitFor('end of its files', () => demo.files.length === 0);
  t.pass();
});

for (const program of ['rig/app/main', 'haproxy -db']) {
  test.serial(`when ${program} dies, it says so in one line, cleans up and fails`, async (t) => {
    await using demo = startDemo();
    await inFirstPhase(demo);
    const victim = demo.processes.find((pid) => {
      const words = commandLine(pid);
      return words.includes(program) && !words.includes('cli/bin');
    });
    process.kill(victim ?? 0, 'SIGKILL');
    t.is((await demo.end()).code, 1);
    t.regex(demo.errors, /^haweight: (s\d|haproxy): ended unexpectedly.*\n$/);
    await leftNothing(t, demo);
  });
}

test.serial('what it cannot do is refused before anything starts', async (t) => {
  for (const flags of [
    ['--seconds', '3'],
    ['--seconds', 'long'],
    ['--seed', '-1'],
    ['--policy', 'best'],
  ]) {
    await using demo = startDemo(...flags);
    t.is((await demo.end()).code, 2, flags.join(' '));
    t.regex(demo.errors, new RegExp(`error: option '${flags[0]}`));
  }
});
