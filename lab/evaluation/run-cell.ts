import { setTimeout as sleep } from 'node:timers/promises';
import { workPath } from '../../testbed/rig/load/arrivals.ts';
import { targetOf } from '../../testbed/rig/load/connection.ts';
import { OpenLoop } from '../../testbed/rig/load/open-loop.ts';
import type { Outcome } from '../../testbed/rig/load/outcome.ts';
import { planArrivals } from './arrivals.ts';
import { discardReason, lagOf } from './generator-lag.ts';
import { oracleWeights } from './oracle.ts';
import { type Cell, noAnswer } from './record.ts';
import { Sampler } from './sampler.ts';
import type { Event, Scenario } from './scenarios.ts';
import { type Server, setFault } from './servers/server.ts';
import type { Stack } from './stack.ts';

/** A request without an answer after this long has failed, in ms. */
export const deadlineMs = 5_000;
const maxInFlight = 2_000;
/** Load before what is counted, in ms. */
const leadInMs = 2_000;

export interface CellPlan {
  readonly scenario: Scenario;
  readonly repetition: number;
  readonly seed: number;
  readonly demandCpuMs: number;
  readonly servers: readonly (Server & { readonly capacity: number })[];
  readonly signal: AbortSignal;
}

/** Runs one scenario on a stack. Throws when `signal` is aborted; faults are ended in any case. */
export async function runCell(stack: Stack, plan: CellPlan): Promise<Cell> {
  const { scenario, servers, signal } = plan;
  const pathOf = (demandCpuMs: number) =>
    workPath(demandCpuMs) + (scenario.waitMs === undefined ? '' : `&waitMs=${scenario.waitMs}`);
  const arrivals = planArrivals({ ...plan, capacity: totalCapacity(servers), leadInMs });
  const outcomes: Outcome[] = [];
  const startedAt = new Date().toISOString();
  const originMs = performance.now() + leadInMs;
  const ended = new AbortController();
  const sampler = new Sampler(stack.haproxy.api, stack.backend, servers, originMs);
  try {
    const faults = actOut(stack, plan, originMs, AbortSignal.any([signal, ended.signal]));
    const load = new OpenLoop({
      targets: [targetOf(stack.frontUrl)],
      requests: arrivals.map(({ atMs, demandCpuMs }) => ({ atMs: atMs + leadInMs, path: pathOf(demandCpuMs) })),
      deadlineMs,
      maxInFlight,
      signal,
      onOutcome: (outcome) => outcomes.push(outcome),
    });
    await Promise.all([faults, load.done, sleepUntil(originMs + scenario.durationMs, signal)]);
    signal.throwIfAborted();
    stack.assertRunning();
  } finally {
    ended.abort();
    await sampler[Symbol.asyncDispose]();
    await Promise.all(servers.map((server) => setFault(server, null)));
  }
  const counted = outcomes.filter(({ atMs }) => atMs >= leadInMs).toSorted((a, b) => a.atMs - b.atMs);
  const generator = lagOf(counted);
  return {
    format: 1,
    scenario: scenario.name,
    contender: stack.contender.name,
    repetition: plan.repetition,
    seed: plan.seed,
    startedAt,
    durationMs: scenario.durationMs,
    servers: servers.map(({ name, cores, capacity }) => ({ name, cores, capacity })),
    requests: columns(counted, servers),
    samples: sampler.fromStart,
    generator,
    discarded: discardReason(generator),
  };
}

export function totalCapacity(servers: readonly { readonly capacity: number }[]): number {
  return servers.reduce((sum, { capacity }) => sum + capacity, 0);
}

/** Begins and ends every fault at its time; the oracle learns of each at once. */
async function actOut(stack: Stack, plan: CellPlan, originMs: number, signal: AbortSignal): Promise<void> {
  const events = plan.scenario.events ?? [];
  const moments = events.flatMap((event) => [
    { atMs: event.fromMs, event, begins: true },
    { atMs: event.toMs, event, begins: false },
  ]);
  await tellOracle(stack, plan, 0);
  for (const { atMs, event, begins } of moments.toSorted((a, b) => a.atMs - b.atMs)) {
    await sleepUntil(originMs + atMs, signal);
    await apply(event, begins, plan.servers);
    await tellOracle(stack, plan, atMs);
  }
}

async function apply({ servers: names, fault }: Event, begins: boolean, servers: readonly Server[]): Promise<void> {
  const hit = servers.filter(({ name }) => names.includes(name));
  await Promise.all(hit.map((server) => setFault(server, begins ? fault : null)));
}

async function tellOracle({ contender, haproxy, backend }: Stack, plan: CellPlan, atMs: number): Promise<void> {
  if (contender.weights !== 'oracle') return;
  const set = await haproxy.api.setWeights(backend, oracleWeights(plan.servers, plan.scenario.events ?? [], atMs));
  if (!set.ok) throw new Error(`the oracle's weights: ${set.error.what}`);
}

async function sleepUntil(atMs: number, signal: AbortSignal): Promise<void> {
  await sleep(Math.max(0, atMs - performance.now()), undefined, { signal });
}

function columns(outcomes: readonly Outcome[], servers: readonly Server[]): Cell['requests'] {
  const tenth = (ms: number) => Math.round(ms * 10) / 10;
  return {
    atMs: outcomes.map(({ atMs }) => tenth(atMs - leadInMs)),
    responseMs: outcomes.map(({ atMs, endedAtMs }) => tenth(endedAtMs - atMs)),
    status: outcomes.map(({ status, failure }) =>
      failure === null || failure === 'status' ? (status ?? noAnswer) : noAnswer,
    ),
    server: outcomes.map(({ server }) => servers.findIndex(({ name }) => name === server)),
  };
}
