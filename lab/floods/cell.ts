import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../../testbed/rig/child.ts';
import { operatorSays } from '../../testbed/rig/operator.ts';
import { until } from '../../testbed/rig/wait.ts';
import { processUsage } from '../support/process-usage.ts';
import type { FloodOrder, FloodReport } from './flood.ts';
import { type KindName, kindOf } from './kinds.ts';
import { forgetPeak, peakOf } from './memory.ts';
import { Probe, type Probed } from './probe.ts';
import { configuredWeight, type FloodedSystem, startSystem, type TargetName } from './system.ts';

/** One cell of the matrix. */
export interface Cell {
  readonly kind: KindName;
  readonly target: TargetName;
  /** How many the flood comes from: 1 to 256. */
  readonly addresses: number;
  /** Of the controller's ticks. */
  readonly periodMs: number;
  /** How long the flood goes on before anything is asked of those who are flooded. */
  readonly warmUpMs: number;
}

/** What others noticed of the flood. Times in ms; null: it did not come within `longestMs`. */
export interface Measured {
  readonly cell: Cell;
  readonly probed: Probed;
  /** Snapshots of the flooded agent that the controller did not get, as it logged them. */
  readonly agentProblems: number;
  /** From an operator's weight until the controller's is back. */
  readonly weightMs: number | null;
  /** From all other servers' maintenance until the drained one has a weight. */
  readonly rescueMs: number | null;
  readonly restMiB: number;
  readonly peakMiB: number;
  /** CPU time of the flooded process, as a part of one core. */
  readonly cores: number;
  /** From SIGTERM until the process has ended, and of a controller until the configured weights are back. */
  readonly endMs: number | null;
  readonly exitCode: number | null;
  /** Lines that the flooded process logged meanwhile; the last ones of many. */
  readonly logged: readonly string[];
  readonly logLines: number;
  readonly flood: FloodReport;
}

const flood = new URL('flood.ts', import.meta.url).pathname;
/** Connections that a flood keeps open. */
const places = { one: 128, many: 512 } as const;
/** What is not seen within this, in ms, is too late by far. A drained server comes back by itself after 20 s. */
export const longestMs = 8_000;
const reportMs = 20_000;
const operatorsWeight = 5;
/** Other clients' addresses. */
const others = [250, 251, 252, 253, 254];
const shownLines = 20;

/**
 * How long another client waits for its answer, in ms: as long as a controller waits for an agent, and twice as long behind 256
 * addresses, each of which has its turn.
 */
export const answerMs = ({ addresses }: Cell): number => (addresses === 1 ? 1_000 : 2_000);

/** Starts everything, floods the target, and measures what others notice of it. */
export async function measureCell(cell: Cell): Promise<Measured> {
  const { tls, largeAnswers = false } = kindOf(cell.kind);
  const largeStatus = largeAnswers && cell.target === 'controller';
  await using system = await startSystem({
    target: cell.target,
    periodMs: cell.periodMs,
    tls: tls !== undefined,
    largeStatus,
  });
  const { target, controller, network } = system;
  await until(
    () => `s3 is drained: ${controller.stderr}`,
    async () => (await weightOf(system, 's3')) === 0,
  );
  const { pid } = target.process;
  const restMiB = forgetPeak(pid);
  const before = { atMs: performance.now(), cpuMs: processUsage(pid).cpuMs, lines: linesOf(target.process).length };
  const problemsBefore = agentProblems(controller);
  await using probe = new Probe(
    target.url + target.path,
    others.map((last) => `${network}.${last}`),
    answerMs(cell),
    target.headers,
  );
  await using flooder = startFlood(cell, system);
  await sleep(cell.warmUpMs);

  const weightMs = await measureWeight(system);
  const rescueMs = await measureRescue(system);
  const probed = probe.seen;
  const cores = (processUsage(pid).cpuMs - before.cpuMs) / (performance.now() - before.atMs);
  const peakMiB = peakOf(pid);
  const lost = agentProblems(controller) - problemsBefore;
  const lines = linesOf(target.process).slice(before.lines);
  const { endMs, exitCode } = await measureEnd(system, cell.target);
  const report = (await flooder.ask('how much?', reportMs)) as FloodReport;
  return {
    ...{ cell, probed, agentProblems: lost, weightMs, rescueMs, restMiB, peakMiB },
    ...{ cores, endMs, exitCode, logged: lines.slice(-shownLines), logLines: lines.length, flood: report },
  };
}

function startFlood({ kind, addresses }: Cell, { target, network }: FloodedSystem): Child {
  const order: FloodOrder = {
    kind,
    host: target.host,
    port: target.port,
    path: target.path,
    from: attackers(network, addresses),
    places: addresses === 1 ? places.one : places.many,
  };
  return new Child('the flood', [process.execPath, flood, JSON.stringify(order)], { ipc: true });
}

/** Addresses of 127.0.0.0/8 that nothing else here has. */
function attackers(network: string, count: number): readonly string[] {
  const [, second, third] = network.split('.').map(Number);
  const neighbour = `127.${second}.${((third ?? 0) + 1) % 256}`;
  return Array.from({ length: count }, (_, index) =>
    index < 128 ? `${network}.${100 + index}` : `${neighbour}.${index - 128}`,
  );
}

async function measureWeight(system: FloodedSystem): Promise<number | null> {
  const right = await until('the weight of s2', () => weightOf(system, 's2'));
  await operatorSays(system.haproxy, `set server web/s2 weight ${operatorsWeight}`);
  return await timeUntil(async () => ((await weightOf(system, 's2')) ?? 0) > (right + operatorsWeight) / 2);
}

async function measureRescue(system: FloodedSystem): Promise<number | null> {
  const setOthers = (state: string) => ['s1', 's2'].map((name) => `set server web/${name} state ${state}`).join(';');
  await operatorSays(system.haproxy, setOthers('maint'));
  const rescueMs = await timeUntil(async () => ((await weightOf(system, 's3')) ?? 0) > 0);
  await operatorSays(system.haproxy, setOthers('ready'));
  return rescueMs;
}

async function measureEnd(system: FloodedSystem, target: TargetName) {
  const { process: child } = system.target;
  const ended = child.ended.then(() => performance.now());
  const beganMs = performance.now();
  child.signal('SIGTERM');
  const restoredMs = target === 'controller' ? await timeUntil(() => isRestored(system)) : 0;
  const endedMs = await Promise.race([ended, sleep(longestMs, null, { ref: false })]);
  const endMs = restoredMs === null || endedMs === null ? null : Math.max(restoredMs, endedMs - beganMs);
  return { endMs, exitCode: child.process.exitCode };
}

async function isRestored(system: FloodedSystem): Promise<boolean> {
  const weights = await Promise.all(['s1', 's2', 's3'].map((name) => weightOf(system, name)));
  return weights.every((weight) => weight === configuredWeight);
}

async function weightOf({ haproxy }: FloodedSystem, name: string): Promise<number | null> {
  // on a busy machine HAProxy may be late
  const servers = await haproxy.api.servers('web');
  return servers.ok ? (servers.value.find(({ server }) => server === name)?.weight ?? null) : null;
}

async function timeUntil(ask: () => Promise<boolean>): Promise<number | null> {
  const beganMs = performance.now();
  for (;;) {
    const isTrue = await ask();
    const tookMs = performance.now() - beganMs;
    if (isTrue) return tookMs;
    if (tookMs > longestMs) return null;
    await sleep(20);
  }
}

function linesOf({ stderr }: Child): readonly string[] {
  return stderr.split('\n').slice(0, -1);
}

function agentProblems({ stderr }: Child): number {
  return stderr.split('"message":"agent problem"').length - 1;
}
