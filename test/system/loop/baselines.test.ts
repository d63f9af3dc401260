import test from 'ava';
import type { Reason } from '../../../shared/contract/decision.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Stack } from '../../support/stack.ts';

/** Few enough that a small load is a high utilisation, and enough that serving the requests alone is not. */
const cores = 0.2;
const servers = ['s1', 's2', 's3'];
const everyMs = 50;

test.serial('pick-one sends all work to the most utilised server up to its threshold', async (t) => {
  await using stack = await Stack.start({ cores, servers });
  await using load = stack.startLoad(everyMs);
  await stack.tell('s1', { busy: 0.4 * cores });
  await stack.tell('s2', { busy: 0.15 * cores });
  await stack.startController('--policy', 'pick-one');
  const hasAll = async (picked: string) => {
    const others = [...(await stack.weights())].filter(([name]) => name !== picked);
    return (await stack.weight(picked)) === 256 && others.every(([, weight]) => weight <= 6);
  };
  await until('all to s1', () => hasAll('s1'));
  t.like(await stack.reason('s1', 'picked'), { because: 'most-utilised' });
  const before = await stack.requestsTo('s1');
  await load.answers(40);
  t.true((await stack.requestsTo('s1')) - before >= 36, 'the requests follow');

  await stack.tell('s1', { busy: 2 * cores });
  await until('all to s2', () => hasAll('s2'));
  t.like(await stack.reason('s2', 'picked'), { because: 'most-utilised' });
  const passed = await until('s1 over its threshold', () => stack.reason('s1', 'passed-over'));
  t.true(passed.utilisation >= 0.7, JSON.stringify(passed));
  t.deepEqual(load.seen.failed, new Map());
});

test.serial("stress lowers each server's configured weight by its own stress", async (t) => {
  const weights = { s1: 150, s2: 100, s3: 100 };
  await using stack = await Stack.start({ cores, servers, weights });
  await using load = stack.startLoad(everyMs);
  await stack.startController('--policy', 'stress');
  await stack.tell('s2', { busy: 0.5 * cores });
  let step: Extract<Reason, { readonly code: 'stress' }> | undefined;
  await until('weights of w0 / (1 + stress)', async () => {
    const shown = await Promise.all(servers.map((name) => stack.shown(name)));
    const wanted = shown.map(({ configuredWeight, utilisation: { cpu, ram } }) => {
      return configuredWeight / (1 + ((cpu ?? 0) + (ram ?? 0)) / 2);
    });
    const unit = Math.max(...wanted) / 256;
    const inHaproxy = [...(await stack.weights()).values()];
    const [first = 0, busy = 0, idle = 0] = inHaproxy;
    const follows = wanted.every((each, index) => Math.abs((inHaproxy[index] ?? 0) * unit - each) < 0.04 * each);
    // of the same tick: CPU moves from one to the next
    step = shown[1]?.reasons.find((each) => each.code === 'stress');
    return (step?.stress ?? 0) > 0.1 && follows && busy < 0.92 * idle && first > 1.3 * idle;
  });
  t.is(step?.configuredWeight, 100);
  t.deepEqual(load.seen.failed, new Map());
});
