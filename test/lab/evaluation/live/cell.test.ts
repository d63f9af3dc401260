import { setTimeout as sleep } from 'node:timers/promises';
import type { ExecutionContext } from 'ava';
import { planArrivals } from '../../../../lab/evaluation/arrivals.ts';
import { contenders } from '../../../../lab/evaluation/contenders.ts';
import { type CellPlan, runCell } from '../../../../lab/evaluation/run-cell.ts';
import type { Scenario } from '../../../../lab/evaluation/scenarios.ts';
import { startGroups } from '../../../../lab/evaluation/servers/groups.ts';
import { ports, type Server, type Servers } from '../../../../lab/evaluation/servers/server.ts';
import { Stack } from '../../../../lab/evaluation/stack.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { serialWhere } from '../../../support/test-where.ts';
import { canMakeGroups } from '../support/groups.ts';

const onlyWithGroups = serialWhere(
  canMakeGroups(),
  'cells of experiments, which want the right to make control groups',
);

/** Requests per second, about as many as such servers can answer. */
const capacities = { s1: 25, s2: 50 } as const;

async function startServers(t: ExecutionContext, stack: number): Promise<Servers> {
  t.timeout(120_000);
  const servers = await startGroups('cell', stack, [
    { name: 's1', cores: 0.1 },
    { name: 's2', cores: 0.2 },
  ]);
  await until('the applications', async () =>
    (await Promise.all(servers.list.map(async (server) => (await work(server)) === 200))).every(Boolean),
  );
  await Promise.all(servers.list.map((server) => server.limit()));
  return servers;
}

async function work({ host }: Server): Promise<number | null> {
  return await fetch(`http://${host}:${ports.app}/work?cpuMs=1`).then(
    ({ status }) => status,
    () => null,
  );
}

function plan({ list }: Servers, scenario: Scenario, signal: AbortSignal): CellPlan {
  const servers = list.map((server) => ({ ...server, capacity: server.name === 's1' ? capacities.s1 : capacities.s2 }));
  return { scenario, repetition: 2, seed: 7, demandCpuMs: 3, servers, signal };
}

const oracle = contenders.find(({ name }) => name === 'oracle+roundrobin');

onlyWithGroups(
  'a cell holds every request that counts, with its time and its outcome while a server was away',
  async (t) => {
    await using servers = await startServers(t, 52);
    if (oracle === undefined) throw new Error('no oracle');
    const { signal } = new AbortController();
    await using stack = await Stack.start(oracle, servers.list, '127.0.78.1', signal);
    const [goneMs, backMs, durationMs] = [1_000, 4_500, 7_500];
    const scenario: Scenario = {
      name: 'removed-1',
      title: 'one is away',
      durationMs,
      load: 0.4,
      events: [{ fromMs: goneMs, toMs: backMs, servers: ['s1'], fault: { kind: 'gone' } }],
    };
    const cell = await runCell(stack, plan(servers, scenario, signal));

    const all = { scenario, capacity: 75, leadInMs: 2_000, demandCpuMs: 3, seed: 7 };
    const wanted = planArrivals(all).filter(({ atMs }) => atMs >= 0);
    const { atMs, responseMs, status, server } = cell.requests;
    t.deepEqual(
      atMs,
      wanted.map((arrival) => Math.round(arrival.atMs * 10) / 10),
    );
    t.true(responseMs.every((ms) => ms > 0 && ms < 5_000));
    const within = (fromMs: number, toMs: number) =>
      [...atMs.keys()].filter((index) => fromMs <= (atMs[index] ?? 0) && (atMs[index] ?? 0) < toMs);
    const by = (fromMs: number, toMs: number) =>
      [...new Set(within(fromMs, toMs).map((index) => server[index]))].toSorted();
    // a request may be open at a server that goes away, or find it still DOWN when it is back
    t.deepEqual(by(0, goneMs - 300), [0, 1]);
    t.deepEqual(by(goneMs + 300, backMs - 300), [1]);
    t.deepEqual(by(backMs + 1_500, durationMs), [0, 1]);
    const failed = [...atMs.keys()].filter((index) => status[index] !== 200);
    t.true(
      failed.every((index) => Math.abs((atMs[index] ?? 0) - goneMs) < 300),
      `failed at ${failed.map((index) => atMs[index])}`,
    );

    const { samples } = cell;
    const first = samples.atMs[0] ?? Number.NaN;
    t.true(first >= 0 && first < 500 && samples.atMs.length >= 11, `${samples.atMs}`);
    for (const [index, at] of samples.atMs.entries()) {
      if (Math.min(Math.abs(at - goneMs), Math.abs(at - backMs)) < 100) continue;
      const isGone = goneMs < at && at < backMs;
      t.deepEqual([samples.weights[0]?.[index], samples.weights[1]?.[index]], [isGone ? 0 : 128, 256], `${at} ms`);
    }
    const used = samples.utilisation.map((column) => column.reduce((sum, each) => sum + each, 0) / column.length);
    t.true(
      used.every((mean) => mean > 0.1 && mean < 1.1),
      `${used}`,
    );
    t.true(samples.up[1]?.every((up) => up === 1));
    t.true(samples.up[0]?.includes(0) && samples.up[0].at(-1) === 1, `${samples.up[0]}`);

    t.deepEqual(
      cell.servers.map(({ name, capacity }) => [name, capacity]),
      [
        ['s1', 25],
        ['s2', 50],
      ],
    );
    t.is(cell.contender, 'oracle+roundrobin');
    t.deepEqual([cell.repetition, cell.seed, cell.durationMs], [2, 7, durationMs]);
  },
);

onlyWithGroups('requests wait where the scenario says so, all the time or from an event on', async (t) => {
  await using servers = await startServers(t, 54);
  const usual = contenders.find(({ name }) => name === 'leastconn+maxconn-2');
  if (usual === undefined) throw new Error('no such contender');
  const { signal } = new AbortController();
  await using stack = await Stack.start(usual, servers.list, '127.0.78.3', signal);
  const scenario = { name: 'wait-150', title: 'requests wait', durationMs: 3_000, load: 0.2 } as const;
  const always = await runCell(stack, plan(servers, { ...scenario, waitMs: 150 }, signal));
  t.true(Math.min(...always.requests.responseMs) >= 150);
  t.true(always.requests.status.every((status) => status === 200));
  const event = { fromMs: 1_500, toMs: 3_000, servers: ['s1', 's2'], fault: { kind: 'waiting', waitMs: 150 } } as const;
  const later = await runCell(stack, plan(servers, { ...scenario, events: [event] }, signal));
  const least = (fromMs: number, toMs: number) =>
    Math.min(...later.requests.responseMs.filter((_, index) => within(later.requests.atMs[index] ?? 0, fromMs, toMs)));
  t.true(least(0, 1_400) < 150);
  t.true(least(1_700, 3_000) >= 150);
  // and no longer when the cell is over
  await until('answers without the wait', async () => {
    const sinceMs = performance.now();
    await Promise.all(servers.list.map(work));
    return performance.now() - sinceMs < 150;
  });
});

function within(atMs: number, fromMs: number, toMs: number): boolean {
  return fromMs <= atMs && atMs < toMs;
}

onlyWithGroups('a cell that is stopped ends what it did to the servers', async (t) => {
  await using servers = await startServers(t, 53);
  const [contender] = contenders;
  const [s1] = servers.list;
  if (contender === undefined || s1 === undefined) throw new Error('nothing to try');
  const stop = new AbortController();
  await using stack = await Stack.start(contender, servers.list, '127.0.78.2', stop.signal);
  const scenario: Scenario = {
    name: 'fails-fast',
    title: 'one answers 500',
    durationMs: 60_000,
    load: 0.2,
    events: [{ fromMs: 0, toMs: 50_000, servers: ['s1'], fault: { kind: 'failing' } }],
  };
  const stopped = t.throwsAsync(runCell(stack, plan(servers, scenario, stop.signal)), { name: 'AbortError' });
  await until('s1 fails', async () => (await work(s1)) === 500);
  stop.abort();
  const sinceMs = performance.now();
  await stopped;
  t.true(performance.now() - sinceMs < 2_000);
  t.is(await work(s1), 200);
  const requests = async () => {
    const rows = await stack.haproxy.api.stats('web');
    if (!rows.ok) throw new Error(rows.error.what);
    return rows.value.map(({ totalSessions }) => totalSessions);
  };
  const before = await requests();
  await sleep(500);
  t.deepEqual(await requests(), before, 'no request is sent any more');
});
