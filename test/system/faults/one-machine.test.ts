import test from 'ava';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Stack } from '../../support/stack.ts';
import { FaultyAgent, lying } from './support/faulty-agent.ts';

/** An agent that measures a whole VM belongs to no server by name. */
function cpuAt(utilisation: number) {
  return lying(({ server: _, ...truth }): Snapshot => {
    const { cpu } = truth.metrics;
    return { ...truth, metrics: { ...truth.metrics, cpu: cpu.status === 'ok' ? { ...cpu, utilisation } : cpu } };
  });
}

test.serial('several servers of one VM with one agent are drained together and return together', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2', 's3', 's4'] });
  await using load = stack.startLoad();
  await using agent = await FaultyAgent.start(`http://${stack.addressOf('s1')}:9477`);
  agent.behaviour = cpuAt(0.3);
  await stack.startController('--agent', `s1=${agent.url}`, '--agent', `s2=${agent.url}`, '--policy', 'equal');
  await stack.ticks(3);
  const together = async (weight: (value: number) => boolean) => {
    const shown = await Promise.all([stack.shown('s1'), stack.shown('s2')]);
    return shown.every((each) => weight(each.weight)) ? shown : null;
  };

  agent.behaviour = cpuAt(0.95);
  let alone = 0;
  const drained = await until('both drained', async () => {
    const [backend] = (await stack.status()).backends;
    const out = backend?.servers.filter((each) => each.drained).map(({ server }) => server) ?? [];
    if (out.length === 1) alone += 1;
    return await together((weight) => weight === 0);
  });
  t.true(drained.every((each) => each.drained));
  t.is(alone, 0, 'never one of them alone');
  t.deepEqual([await stack.weight('s1'), await stack.weight('s2')], [0, 0]);
  t.true((await stack.weight('s3')) > 0 && (await stack.weight('s4')) > 0);

  agent.behaviour = cpuAt(0.3);
  await until('both at their full weight', async () => await together((weight) => weight === 256));
  t.deepEqual(load.seen.failed, new Map());
});
