import { spawnSync } from 'node:child_process';
import type { ExecutionContext } from 'ava';
import { findHaproxy } from '../../../testbed/rig/haproxy-program.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { serialWhere } from '../../support/test-where.ts';
import { sharedNowMs } from './support/client-protocol.ts';
import { canMakeNetworks } from './support/network.ts';
import { configured, distance, periodMs, StandbyRun, sharesOf, type WeightSample } from './support/standby-run.ts';

const missing = [
  ...(spawnSync('keepalived', ['--version']).status === 0 ? [] : ['keepalived']),
  ...(spawnSync('setpriv', ['--version']).status === 0 ? [] : ['setpriv']),
  ...(findHaproxy() === null ? ['HAProxy'] : []),
  ...(canMakeNetworks() ? [] : ['network namespaces (root, and iproute2)']),
];
const haTest = serialWhere(missing.length === 0, `tests of the floating address, which want ${missing.join(', ')}`);

/** The longest time without answers that is promised. */
const maxMoveMs = 3_000;
/**
 * The part of the requests that may go to other servers than under the dead pair's weights: two controllers read the same
 * agents at different moments, and neither writes every small change.
 */
const tolerance = 0.08;

/** Ends the active pair with `kill`, and checks the promise. */
async function movesAway(t: ExecutionContext, run: StandbyRun, kill: () => Promise<unknown>): Promise<void> {
  await run.steady();
  const right = sharesOf(await run.a.weights());
  t.true(distance(right, configured) > 2 * tolerance, `not as configured: ${show(right)}`);
  t.true((right.get('web1') ?? 0) > (right.get('web3') ?? 1), `the large one: ${show(right)}`);
  t.true((right.get('web2') ?? 1) < (right.get('web3') ?? 0), `the busy one: ${show(right)}`);
  t.false(await run.hasAddress('b'));

  const diedAtMs = sharedNowMs();
  const killed = kill();
  let movedAtMs = Number.NaN;
  const moved = until('the address moves', () => run.hasAddress('b')).then(() => {
    movedAtMs = sharedNowMs();
  });
  const watch = run.watchStandby(() => sharedNowMs() > movedAtMs + 6 * periodMs);
  const [samples] = await Promise.all([watch, moved, killed]);
  const move = Math.round(movedAtMs - diedAtMs);
  t.true(move <= maxMoveMs, `the address moved after ${move} ms: ${run.b.log}`);

  const firstAnswer = run.outcomes.find(({ node }) => node === 'b');
  const back = Math.round((firstAnswer?.endedAtMs ?? Number.POSITIVE_INFINITY) - diedAtMs);
  t.true(back <= maxMoveMs + 1_000, `the first answer came after ${back} ms`);
  const since = run.outcomes.filter(({ intendedAtMs }) => intendedAtMs > (firstAnswer?.endedAtMs ?? 0));
  t.true(since.length > 100, `${since.length} requests since`);
  t.deepEqual(
    since.filter(({ status, node }) => status !== 200 || node !== 'b'),
    [],
    'requests succeed again',
  );
  for (const sample of samples) isRight(t, sample, right, diedAtMs);
  const failed = run.outcomes.filter(({ intendedAtMs, status }) => intendedAtMs >= diedAtMs - 1_000 && status !== 200);
  t.log(`address moved after ${move} ms, first answer after ${back} ms, ${failed.length} requests failed meanwhile`);
  t.log(`weights: ${show(right)}; of the other at the move ${show(sharesOf(samples[0]?.weights ?? new Map()))}`);
  const elsewhere = Math.max(...samples.map(({ weights }) => distance(sharesOf(weights), right)));
  t.log(`by the other's weights at most ${(100 * elsewhere).toFixed(1)} % of the requests went elsewhere since`);
}

function isRight(t: ExecutionContext, sample: WeightSample, right: ReadonlyMap<string, number>, diedAtMs: number) {
  const atMs = Math.round(sample.atMs - diedAtMs);
  if (distance(sharesOf(sample.weights), right) <= tolerance) return;
  t.fail(`${atMs} ms after: ${show(sharesOf(sample.weights))}, right: ${show(right)}`);
}

function show(shares: ReadonlyMap<string, number>): string {
  return [...shares].map(([server, share]) => `${server} ${share.toFixed(3)}`).join(', ');
}

haTest('when the active machine dies, the address moves within 3 s to weights that are already right', async (t) => {
  await using run = await StandbyRun.start();
  await movesAway(t, run, () => run.a.die());
});

haTest('when only HAProxy dies, the check moves the address within 3 s to right weights', async (t) => {
  await using run = await StandbyRun.start();
  await movesAway(t, run, () => run.a.haproxy.end('SIGKILL'));
  t.is(run.a.controller.process.exitCode, null, 'its controller waits for it');
  t.false(await run.hasAddress('a'));
});
