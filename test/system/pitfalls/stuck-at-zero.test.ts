import { haproxyTest as test } from '../../haproxy/setup.ts';
import { calm, overloaded, Rig, servers, silent } from './support.ts';

/** Four servers, the first one drained for its load; under random, where a weight may change at every tick. */
async function drained(): Promise<Rig> {
  const rig = await Rig.start(servers('s1', 's2', 's3', 's4'), { algorithm: 'random' });
  rig.agents.set('s1', overloaded);
  await rig.untilDrained('s1');
  return rig;
}

test('a drained server that is calm again ramps up', async (t) => {
  await using rig = await drained();
  rig.agents.set('s1', calm);
  const path = await rig.path('s1', 12);
  t.true((path[11] ?? 0) > 150, `${path}`);
  const first = path.find((weight) => weight > 0) ?? 256;
  // it was away for less than ten seconds
  t.true(first <= 128, `it starts with half of it: ${path}`);
});

test('a drained server whose agent dies gets its weight back', async (t) => {
  await using rig = await drained();
  rig.agents.set('s1', silent);
  const path = await rig.path('s1', 10);
  t.true((path[9] ?? 0) > 50, `${path}`);
});

test('a drained server comes back when the metric that drained it can no longer be measured', async (t) => {
  await using rig = await drained();
  const { metrics } = calm() ?? {};
  if (metrics === undefined) return t.fail();
  const cpu = { status: 'unavailable', reason: 'failed', detail: 'no /proc/stat' } as const;
  rig.agents.set('s1', () => ({ metrics: { ...metrics, cpu } }));
  const path = await rig.path('s1', 10);
  t.true((path[9] ?? 0) > 50, `${path}`);
});

test('a server that is drained while all agents are silent comes back when they answer again', async (t) => {
  await using rig = await drained();
  const names = ['s1', 's2', 's3', 's4'];
  for (const name of names) rig.agents.set(name, silent);
  // documented: while most agents are silent nothing is written, so that a 0 stays
  t.deepEqual(await rig.path('s1', 4), [0, 0, 0, 0]);
  for (const name of names) rig.agents.set(name, calm);
  const path = await rig.path('s1', 12);
  t.true((path[11] ?? 0) > 150, `${path}`);
});

test('a server that a killed controller had drained is brought back by the next one', async (t) => {
  await using rig = await drained();
  rig.agents.set('s1', calm);
  rig.restart();
  const path = await rig.path('s1', 40);
  t.true((path[39] ?? 0) > 200, `${path}`);
});

test('a server that a killed controller had drained comes back even if its agent is dead', async (t) => {
  await using rig = await drained();
  rig.agents.set('s1', silent);
  rig.restart();
  const path = await rig.path('s1', 12);
  t.true((path[11] ?? 0) > 100, `not left at the smallest weight: ${path}`);
});

test('a drained server comes back after an operator set it to maint or drain and then to ready', async (t) => {
  await using rig = await drained();
  for (const state of ['maint', 'drain']) {
    rig.agents.set('s1', overloaded);
    if ((await rig.weight('s1')) !== 0) await rig.untilDrained('s1');
    await rig.operator(`set server web/s1 state ${state}`);
    t.deepEqual(await rig.path('s1', 3), [0, 0, 0], `${state}: left alone`);
    rig.agents.set('s1', calm);
    await rig.operator('set server web/s1 state ready');
    const path = await rig.path('s1', 12);
    t.true((path[11] ?? 0) > 150, `${state}: ${path}`);
  }
});

test('a drained server gets weight when an operator takes out all the others', async (t) => {
  await using rig = await drained();
  for (const name of ['s2', 's3', 's4']) await rig.operator(`set server web/${name} state maint`);
  await rig.tick();
  t.true((await rig.weight('s1')) > 0, 'still overloaded, but the only one that can answer');
});

test('weights that were all set to 0 by hand are corrected, even while all agents are silent', async (t) => {
  await using rig = await Rig.start(servers('s1', 's2'));
  for (const name of ['s1', 's2']) {
    rig.agents.set(name, silent);
    await rig.operator(`set server web/${name} weight 0`);
  }
  await rig.tick();
  t.deepEqual([await rig.weight('s1'), await rig.weight('s2')], [100, 100]);
});
