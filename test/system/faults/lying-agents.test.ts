import test, { type ExecutionContext } from 'ava';
import { defaultGuardSettings } from '../../../controller/decide/guard/settings.ts';
import { metricNames, type Snapshot } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { type AgentBehaviour, honest, lying } from './support/faulty-agent.ts';
import { FaultRun, shares } from './support/run.ts';

const cores = { s1: 0.1, s2: 0.2, s3: 0.4 };
/** High enough that an idle server would differ, and far below every threshold. */
const utilisation = 0.4;
/** The largest step of a tick as a factor: each of two servers moves by maxStep at most against the one in the middle. */
const largestStep = Math.exp(2 * 0.7) * 1.05;
const coarse = 20;

function everyMetricAt(value: number): AgentBehaviour {
  return lying((truth) => ({ ...truth, metrics: allAt(truth.metrics, value) }));
}

function allAt(metrics: Snapshot['metrics'], value: number): unknown {
  return Object.fromEntries(
    metricNames.map((name) => {
      const metric = metrics[name];
      return [name, metric.status === 'ok' ? { ...metric, utilisation: value } : metric];
    }),
  );
}

/** Tells the lie for this many ticks and checks the guard's limits at each. Returns the share at the end. */
async function believedFor(t: ExecutionContext, run: FaultRun, what: string, ticks: number): Promise<number> {
  const from = await run.tick();
  await run.stack.ticks(ticks);
  const told = run.timeline.since(from).map(({ backends }) => backends[0]?.servers ?? []);
  t.true(told.length >= ticks - 1, what);
  let before: ReadonlyMap<string, number> | null = null;
  for (const servers of told) {
    const weights = new Map(servers.map(({ server, weight }) => [server, weight]));
    const mean = [...weights.values()].reduce((sum, weight) => sum + weight, 0) / weights.size;
    for (const { server, weight, drained } of servers.filter(({ server }) => server !== 's1')) {
      const shown = `${what}: ${server} of ${JSON.stringify([...weights])}`;
      t.false(drained, shown);
      t.true(weight >= Math.floor(defaultGuardSettings.floor * mean) && weight >= 1, shown);
      const known = Math.min(before?.get('s1') ?? 0, before?.get(server) ?? 0);
      // at integers this small, one more or less is a large step
      if (before === null || known < coarse) continue;
      const step = ratioOf(weights, server) / ratioOf(before, server);
      t.true(step < largestStep, `${shown} after ${JSON.stringify([...before])}`);
    }
    before = weights;
  }
  return shares(await run.stack.weights()).get('s1') ?? Number.NaN;
}

/** The liar's weight against this server's. */
function ratioOf(weights: ReadonlyMap<string, number>, server: string): number {
  return (weights.get('s1') ?? 0) / (weights.get(server) ?? 0);
}

/** The number of ticks until its share is about what it was. */
async function isHonestAgain(run: FaultRun, share: number): Promise<number> {
  run.agent.behaviour = honest;
  const from = await run.tick();
  await until('its share is right again', async () => {
    return Math.abs((shares(await run.stack.weights()).get('s1') ?? 0) - share) < 0.35 * share;
  });
  return (await run.tick()) - from;
}

for (const policy of ['adaptive', 'inverse-load'])
  test.serial(
    `${policy}: a lying agent moves its server by bounded steps, and no other server below its floor`,
    async (t) => {
      await using run = await FaultRun.start({ faultyAgent: 's1', cores, flags: ['--policy', policy] });
      const { stack } = run;
      for (const [name, share] of Object.entries(cores)) await stack.tell(name, { busy: utilisation * share });
      await stack.ticks(3);
      await run.steady();
      const share = shares(run.right).get('s1') ?? Number.NaN;
      t.log(`before: ${share.toFixed(3)} of the traffic`);

      run.agent.behaviour = everyMetricAt(0);
      const idle = await believedFor(t, run, 'idle', 10);
      t.log(
        `all metrics 0 for 10 ticks: ${idle.toFixed(3)}; right again after ${await isHonestAgain(run, share)} ticks`,
      );

      run.agent.behaviour = lying((truth) => ({ ...truth, effectiveCores: 65_536 }));
      const huge = await believedFor(t, run, '65,536 cores', 10);
      t.true(huge <= 0.69, `the limit of three servers is two thirds; the smallest weights are coarse: ${huge}`);
      t.log(
        `65,536 cores for 10 ticks: ${huge.toFixed(3)}; right again after ${await isHonestAgain(run, share)} ticks`,
      );

      run.agent.behaviour = everyMetricAt(1);
      await until('drained by its own word', () => stack.reason('s1', 'drained'));
      await believedFor(t, run, 'full', 3);
      t.is(await stack.weight('s1'), 0);
      run.agent.behaviour = honest;
      await until('no longer', async () => (await stack.weight('s1')) > 0);
      await run.nothingFailed(t);
    },
  );
