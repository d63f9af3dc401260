import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import test, { type ExecutionContext } from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import {
  type AgentBehaviour,
  dripping,
  endless,
  frozen,
  honest,
  lying,
  misspelt,
  saying,
  slow,
} from './support/faulty-agent.ts';
import { FaultRun } from './support/run.ts';

/** Half of the period for the agents, as in production (2 s and 1 s). */
const settings = 'agents: { timeoutMs: 500 }\n';
const megabyte = 1024 * 1024;

const cpu = /("cpu":\{"status":"ok","utilisation":)[0-9.e+-]+/;

interface Fault {
  readonly what: string;
  readonly code: string;
  readonly behaviour: AgentBehaviour;
}

/** Each in turn; every one is reported by its code, and none moves a weight. */
async function eachIsTold(t: ExecutionContext, run: FaultRun, faults: readonly Fault[]): Promise<void> {
  const startedMs = performance.now();
  const before = await run.stack.status();
  for (const { what, code, behaviour } of faults) {
    run.agent.behaviour = behaviour;
    await until(`${what}: ${code}`, async () => (await run.stack.shown('s2')).agent.code === code);
    await run.stack.ticks(1);
    const { agent, drained } = await run.stack.shown('s2');
    t.is(agent.code, code, what);
    t.false(drained, what);
  }
  await until('too old', async () => (await run.stack.shown('s2')).agent.state === 'stale');
  const held = await run.stack.reason('s2', 'held');
  t.is(held?.because, 'stale');
  run.stayedRight(t, startedMs, 'while its agent is useless');
  run.agent.behaviour = honest;
  await run.isRightWithin(t);
  const after = await run.stack.status();
  t.true(after.skippedTicks - before.skippedTicks <= 1, `${after.skippedTicks} ticks were skipped`);
  await until('over', () => run.controller.events('agent problem: over').length > 0);
  const told = run.controller.events('agent problem').map(({ code }) => code);
  const changes = faults.map(({ code }) => code).filter((code, index, all) => code !== all[index - 1]);
  t.deepEqual(told, changes, 'once when it begins or changes, not at every tick');
  t.is(run.controller.events('agent problem: over').length, 1);
}

test.serial('an agent that hangs, is slow or answers nonsense is reported once, and no weight moves', async (t) => {
  await using folder = await temporaryFolder();
  const config = join(folder.path, 'controller.yaml');
  await writeFile(config, settings);
  await using run = await FaultRun.start({ faultyAgent: 's2', flags: ['--config', config] });
  let taken = 0;
  await eachIsTold(t, run, [
    { what: 'the same sample for ever', code: 'agent-stale', behaviour: frozen() },
    { what: 'never answers', code: 'agent-timeout', behaviour: () => undefined },
    { what: 'a web page', code: 'agent-not-json', behaviour: saying('<html><body>It works!</body></html>') },
    { what: 'an error', code: 'agent-status', behaviour: saying('Internal Server Error', 500) },
    { what: 'slow to 3 s', code: 'agent-timeout', behaviour: slow(3_000) },
    {
      what: 'a version from before the first',
      code: 'agent-schema-version',
      behaviour: lying((truth) => ({ ...truth, version: 0 })),
    },
    { what: 'byte by byte', code: 'agent-timeout', behaviour: dripping(20) },
    { what: 'half of it', code: 'agent-not-json', behaviour: misspelt(/"metrics".*$/s, '"metrics":{"cpu":') },
    {
      what: '200 MB',
      code: 'agent-too-large',
      behaviour: endless(200 * megabyte, (bytes) => {
        taken = Math.max(taken, bytes);
      }),
    },
    { what: 'NaN', code: 'agent-not-json', behaviour: misspelt(cpu, '$1NaN') },
    { what: '1e308', code: 'agent-invalid', behaviour: misspelt(cpu, '$11e308') },
    { what: 'infinite', code: 'agent-invalid', behaviour: misspelt(cpu, '$11e999') },
    { what: 'negative', code: 'agent-invalid', behaviour: misspelt(cpu, '$1-0.1') },
    { what: 'text', code: 'agent-invalid', behaviour: misspelt(cpu, '$1"idle"') },
    { what: 'nothing', code: 'agent-invalid', behaviour: misspelt(cpu, '$1null') },
    { what: 'no core', code: 'agent-invalid', behaviour: lying((truth) => ({ ...truth, effectiveCores: 0 })) },
    { what: "another's", code: 'agent-wrong-server', behaviour: lying((truth) => ({ ...truth, server: 's1' })) },
    { what: 'of old', code: 'agent-stale', behaviour: lying((truth) => ({ ...truth, ageMs: 3_600_000 })) },
    { what: 'from the future', code: 'agent-invalid', behaviour: lying((truth) => ({ ...truth, ageMs: -60_000 })) },
  ]);
  t.log(`of 200 MB ${(taken / megabyte).toFixed(1)} MB were sent before the controller hung up`);
  t.true(taken < 20 * megabyte, `${taken}: no more than sockets' buffers hold`);
  const seen = await run.nothingFailed(t);
  t.log(`${seen.requests} requests, p99 ${seen.p99Ms.toFixed(1)} ms`);
});

test.serial('a server keeps its weight when its agent is killed, or stops again and again', async (t) => {
  await using folder = await temporaryFolder();
  const config = join(folder.path, 'controller.yaml');
  await writeFile(config, settings);
  await using run = await FaultRun.start({ flags: ['--config', config] });
  const { stack } = run;
  const startedMs = performance.now();
  const written = (await stack.status()).weightsWritten;

  await stack.stopAgent('s3');
  await until('its snapshot is too old', async () => (await stack.shown('s3')).agent.state === 'stale');
  await stack.ticks(2);
  const shown = await stack.shown('s3');
  t.is(shown.agent.code, 'agent-unreachable');
  t.true(shown.reasons.some((reason) => reason.code === 'held' && reason.because === 'stale'));
  t.false(shown.drained, 'a dead agent drains no server');
  run.stayedRight(t, startedMs, 'without the agent of the largest server');
  await stack.startAgent('s3');
  await run.isRightWithin(t);
  const { agent } = await stack.shown('s3');
  t.is(agent.state, 'fresh');
  t.true(agent.failures >= 3, 'failures stay counted');

  const downs = [2_000, 2_000, 4_000];
  const flappingMs = performance.now();
  for (const downMs of downs) {
    stack.signalAgent('s3', 'SIGSTOP');
    await delay(downMs);
    stack.signalAgent('s3', 'SIGCONT');
    await delay(2_000);
  }
  run.stayedRight(t, flappingMs, 'while it flaps');
  await run.isRightWithin(t);
  const changed = (await stack.status()).weightsWritten - written;
  t.true(changed <= 12, `${changed} weights were written for nothing`);
  await until('over', () => run.controller.events('agent problem: over').length === 1 + downs.length);
  t.is(run.controller.events('agent problem').length, 1 + downs.length);
  await run.nothingFailed(t);
});
