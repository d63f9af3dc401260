import { haproxyTest as test } from '../../haproxy/setup.ts';
import { calm, overloaded, Rig, servers, silent } from './support.ts';

/** Four servers, the first one drained for its load; under random, which waits for nothing. */
async function drained(): Promise<Rig> {
  const rig = await Rig.start(servers('s1', 's2', 's3', 's4'), { algorithm: 'random' });
  rig.agents.set('s1', overloaded);
  await rig.untilDrained('s1');
  return rig;
}

test('a weight stuck at 0: a drained server that is calm again comes back, by a ramp', async (t) => {
  await using rig = await drained();
  rig.agents.set('s1', calm);
  const path = await rig.path('s1', 12);
  t.true((path[11] ?? 0) > 150, `${path}`);
  const first = path.find((weight) => weight > 0) ?? 256;
  t.true(first < 100, `it starts small: ${path}`);
});

test('a weight stuck at 0: a drained server whose agent dies comes back', async (t) => {
  await using rig = await drained();
  rig.agents.set('s1', silent);
  const path = await rig.path('s1', 10);
  t.true((path[9] ?? 0) > 50, `${path}`);
});

test('a weight stuck at 0: the metric that drained a server cannot be measured any more, and it comes back', async (t) => {
  await using rig = await drained();
  const { metrics } = calm() ?? {};
  if (metrics === undefined) return t.fail();
  const cpu = { status: 'unavailable', reason: 'failed', detail: 'no /proc/stat' } as const;
  rig.agents.set('s1', () => ({ metrics: { ...metrics, cpu } }));
  const path = await rig.path('s1', 10);
  t.true((path[9] ?? 0) > 50, `${path}`);
});

test('a weight stuck at 0: all agents fall silent while one server is drained; it comes back when they do', async (t) => {
  await using rig = await drained();
  const names = ['s1', 's2', 's3', 's4'];
  for (const name of names) rig.agents.set(name, silent);
  // documented: while most agents are silent nothing is written, also a 0
  t.deepEqual(await rig.path('s1', 4), [0, 0, 0, 0]);
  for (const name of names) rig.agents.set(name, calm);
  const path = await rig.path('s1', 12);
  t.true((path[11] ?? 0) > 150, `${path}`);
});

test('a weight stuck at 0: a controller killed with a server drained; the next one brings it back', async (t) => {
  await using rig = await drained();
  rig.agents.set('s1', calm);
  rig.restart();
  const path = await rig.path('s1', 40);
  t.true((path[39] ?? 0) > 200, `${path}`);
});

test('a weight stuck at 0: a controller killed with a server drained, whose agent is dead; the next one brings it back', async (t) => {
  await using rig = await drained();
  rig.agents.set('s1', silent);
  rig.restart();
  const path = await rig.path('s1', 12);
  t.true((path[11] ?? 0) > 100, `not left at the least that a server can have: ${path}`);
});

test('a weight stuck at 0: drained by us, then maintenance or drain by an operator, then ready', async (t) => {
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

test('a weight stuck at 0: a drained server is the only one left, because an operator took out the others', async (t) => {
  await using rig = await drained();
  for (const name of ['s2', 's3', 's4']) await rig.operator(`set server web/${name} state maint`);
  await rig.tick();
  t.true((await rig.weight('s1')) > 0, 'still overloaded, and the only one that can answer');
});

test('a weight stuck at 0: every weight was set to 0 by hand, while all agents are silent', async (t) => {
  await using rig = await Rig.start(servers('s1', 's2'));
  for (const name of ['s1', 's2']) {
    rig.agents.set(name, silent);
    await rig.operator(`set server web/${name} weight 0`);
  }
  await rig.tick();
  t.deepEqual([await rig.weight('s1'), await rig.weight('s2')], [100, 100]);
});
