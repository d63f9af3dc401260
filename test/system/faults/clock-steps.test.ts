import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tickRecordSchema } from '../../../controller/record/recording.ts';
import { snapshotSchema } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { serialWhere } from '../../support/test-where.ts';
import { FakedClock, libfaketime } from './support/faked-clock.ts';
import { FaultRun } from './support/run.ts';

const library = libfaketime();
const clockTest = serialWhere(library !== null, 'clocks that are set, because libfaketime was not found');

const [minute, hour, week] = [60_000, 3_600_000, 7 * 24 * 3_600_000];

/** The host's clock is that of controller and agents; only agents are 5 minutes off. In ms, from the true time. */
const steps = [
  { what: 'back an hour', controller: -hour, agents: -hour },
  { what: 'forward two hours', controller: hour, agents: hour },
  { what: 'back to what is right', controller: 0, agents: 0 },
  { what: 'back 5 s', controller: -5_000, agents: -5_000 },
  { what: 'forward 10 s', controller: 5_000, agents: 5_000 },
  { what: 'forward a week, as after a long sleep', controller: week, agents: week },
  {
    what: 'right, and the agents 5 minutes ahead',
    controller: 0,
    agents: 5 * minute,
    told: /its clock is (300|299).\d s ahead/,
  },
  {
    what: 'the agents 5 minutes behind',
    controller: 0,
    agents: -5 * minute,
    told: /its clock is (300|299).\d s behind/,
  },
] as const;

clockTest('when clocks step, ticks go on, ages and windows keep their length, and no weight moves', async (t) => {
  await using folder = await temporaryFolder();
  await using controllerClock = await FakedClock.start(library ?? '');
  await using agentsClock = await FakedClock.start(library ?? '');
  const record = join(folder.path, 'ticks.jsonl');
  await using run = await FaultRun.start({
    surroundings: controllerClock.surroundings,
    agentSurroundings: agentsClock.surroundings,
    flags: ['--record', record],
  });
  const { stack } = run;
  const startedMs = performance.now();
  const before = await stack.status();
  for (const { what, controller, agents, ...rest } of steps) {
    await Promise.all([controllerClock.set(controller), agentsClock.set(agents)]);
    const status = await stack.ticks(3);
    t.true(Math.abs((status.lastTickAtMs ?? 0) - Date.now() - controller) < minute / 6, `${what}: its clock was set`);
    for (const { server, agent, utilisation } of status.backends[0]?.servers ?? []) {
      t.is(agent.state, 'fresh', `${what}: ${server} ${agent.detail}`);
      t.true((agent.ageMs ?? -1) >= 0 && (agent.ageMs ?? Number.NaN) < 3_000, `${what}: ${server} ${agent.ageMs}`);
      t.not(utilisation.cpu, null, `${what}: ${server}`);
    }
    const answer = await fetch(`http://${stack.addressOf('s1')}:9477/v1/snapshot`);
    const snapshot = snapshotSchema.parse(await answer.json());
    t.true(Math.abs(snapshot.takenAtMs - Date.now() - agents) < minute / 6, `${what}: its clock was set`);
    t.true(snapshot.windowMs > 1_000 && snapshot.windowMs < 5_000, `${what}: a window of ${snapshot.windowMs} ms`);
    t.is(snapshot.metrics.cpu.status, 'ok', what);
    if ('told' in rest) {
      const doctor = await haweight(['doctor', '--controller', stack.statusUrl]);
      t.regex(doctor.stdout, rest.told);
    }
  }
  run.stayedRight(t, startedMs, 'while clocks are set');
  await until('each step is in the log', () => run.controller.events('the wall clock was set').length >= 7);
  t.is(run.controller.events('the wall clock was set').length, 7, 'once for each step of its own clock');
  t.is((await stack.status()).skippedTicks, before.skippedTicks);
  const written = (await stack.status()).weightsWritten - before.weightsWritten;
  t.true(written <= 6, `${written} weights were written`);

  const lines = (await readFile(record, 'utf8')).trimEnd().split('\n');
  const ticks = lines.map((line) => tickRecordSchema.parse(JSON.parse(line)));
  const gaps = ticks.map(({ elapsedMs }) => Math.round(elapsedMs));
  t.true(
    gaps.every((gap) => gap < 4_000),
    `ticks are half a period to one and a half apart: ${gaps}`,
  );
  const replayed = await haweight(['replay', record, '--policy', 'adaptive', '--json']);
  t.is(replayed.code, 0, replayed.stderr);
  t.regex(replayed.stdout, /"repeated":\{"ticks":(\d+),"equal":\1,/, 'a recording of it replays exactly');
  await run.nothingFailed(t);
});
