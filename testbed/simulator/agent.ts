import type { Problem } from '../../shared/contract/problem.ts';
import { agentTimeout, agentUnreachable } from '../../shared/contract/problems/agent.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { type MetricName, type Snapshot, snapshotVersion } from '../../shared/contract/snapshot.ts';
import { normal, type Random } from '../../shared/math/random.ts';
import { wallMs } from './clock.ts';
import type { Conditions } from './conditions.ts';
import type { ServerSpec } from './schema.ts';
import type { Server } from './server.ts';

/** The real agent's default; its window is two of them. */
const sampleEveryMs = 1_000;
/** The controller's default. */
const deadlineMs = 1_000;

/** What a server uses without a request, as a share of its cores. */
const backgroundCpu = 0.01;
/** Standard deviation of a CPU measurement. */
const cpuNoise = 0.01;
/** Memory depends only a little on requests in flight, so it does not show the load. */
const idleRam = 0.4;
const ramPerRequest = 0.000_5;
/** Of the link, at full capacity. */
const fullBandwidth = 0.1;
const linkBitsPerSecond = 1e9;
const memoryBytes = 8 * 2 ** 30;

interface Sample {
  readonly atMs: number;
  readonly shownBusyMs: number;
  readonly completed: number;
  readonly erred: number;
}

/** What the application itself can say of the newest window. */
export interface ApplicationLoad {
  /** Utilisation as measured, 0 to 1. */
  readonly cpu: number;
  /** Answers of any kind, and those of them that are errors. */
  readonly requestsPerSecond: number;
  readonly errorsPerSecond: number;
}

/** One server's agent: measures on its own clock and answers with the newest measurement. */
export class SimulatedAgent {
  readonly #spec: ServerSpec;
  readonly #server: Server;
  readonly #random: Random;
  /** Requests that the server completes in a ms at full capacity. */
  readonly #fullRate: number;
  /** When this agent's clock first ticks, in ms. */
  readonly firstSampleMs: number;
  /** The newest, oldest first: one window. */
  #samples: readonly [Sample, Sample];
  #snapshot: Omit<Snapshot, 'ageMs'>;
  #takenMs: number;
  #load: ApplicationLoad = { cpu: 0, requestsPerSecond: 0, errorsPerSecond: 0 };

  constructor(spec: ServerSpec, server: Server, demandMs: number, random: Random) {
    this.#spec = spec;
    this.#server = server;
    this.#random = random;
    this.#fullRate = (spec.cores * spec.speed) / demandMs;
    this.firstSampleMs = random() * sampleEveryMs;
    // before the start it measured a server without requests
    const idle = (samplesAgo: number): Sample => {
      return { atMs: this.firstSampleMs - samplesAgo * sampleEveryMs, shownBusyMs: 0, completed: 0, erred: 0 };
    };
    this.#samples = [idle(2), idle(1)];
    this.#takenMs = idle(1).atMs;
    this.#snapshot = this.#measure(idle(3), idle(1));
  }

  /** Takes a sample. Returns when the next one is due, in ms. */
  sample(nowMs: number): number {
    const [before, between] = this.#samples;
    const { completed, erred } = this.#server;
    const sample = { atMs: nowMs, shownBusyMs: this.#server.shownBusyMs(nowMs), completed, erred };
    this.#snapshot = this.#measure(before, sample);
    this.#takenMs = nowMs;
    this.#samples = [between, sample];
    return nowMs + sampleEveryMs;
  }

  /** null while the server is down. */
  get load(): ApplicationLoad | null {
    return this.#server.conditions.down ? null : this.#load;
  }

  answer(nowMs: number): Result<Snapshot, Problem> {
    const { down, agentFrozen, claim, atRest } = this.#server.conditions;
    const where = this.#spec.name;
    if (down) return err(agentUnreachable(where, 'ECONNREFUSED'));
    if (agentFrozen) return err(agentTimeout(where, deadlineMs));
    const measured = withRest({ ...this.#snapshot, ageMs: nowMs - this.#takenMs }, atRest);
    return ok(claim === null ? measured : claimed(measured, claim));
  }

  #measure(before: Sample, now: Sample): Omit<Snapshot, 'ageMs'> {
    const { cores, name } = this.#spec;
    const { inService, waiting, limit, backlog } = this.#server;
    const windowMs = now.atMs - before.atMs;
    const busy = (now.shownBusyMs - before.shownBusyMs) / (cores * windowMs);
    const cpu = between0And1(busy + backgroundCpu + cpuNoise * normal(this.#random));
    const perSecond = (counter: 'completed' | 'erred') => ((now[counter] - before[counter]) * 1_000) / windowMs;
    const errorsPerSecond = perSecond('erred');
    this.#load = { cpu, requestsPerSecond: perSecond('completed') + errorsPerSecond, errorsPerSecond };
    const ram = between0And1(idleRam + ramPerRequest * (inService + waiting));
    const answeredShare = (now.completed - before.completed) / windowMs / this.#fullRate;
    const bandwidth = between0And1(fullBandwidth * answeredShare);
    const availableCoreSeconds = (cores * windowMs) / 1_000;
    const accept = {
      waitingConnections: waiting,
      backlog,
      ratio: between0And1(waiting / Math.max(1, backlog)),
      local: ':80',
    };
    return {
      version: snapshotVersion,
      host: name,
      server: name,
      scope: { kind: 'host' },
      takenAtMs: wallMs(now.atMs),
      windowMs,
      effectiveCores: cores,
      metrics: {
        cpu: {
          status: 'ok',
          utilisation: cpu,
          raw: { busyCoreSeconds: cpu * availableCoreSeconds, availableCoreSeconds, stealCoreSeconds: 0 },
        },
        ram: { status: 'ok', utilisation: ram, raw: { usedBytes: ram * memoryBytes, limitBytes: memoryBytes } },
        bandwidth: {
          status: 'ok',
          utilisation: bandwidth,
          raw: {
            interface: 'eth0',
            receiveBitsPerSecond: 0,
            transmitBitsPerSecond: bandwidth * linkBitsPerSecond,
            linkBitsPerSecond,
          },
        },
        threads: {
          status: 'ok',
          utilisation: inService / limit,
          raw: { threads: inService, limit, limitSource: 'configured' },
        },
        tcpQueues: { status: 'ok', utilisation: accept.ratio, raw: { receive: null, send: null, accept, sockets: 1 } },
      },
    };
  }
}

/** Metrics that do not come down without traffic, such as the memory of a heap that never shrinks. */
function withRest(snapshot: Snapshot, atRest: Conditions['atRest']): Snapshot {
  const { cpu } = snapshot.metrics;
  const busy = cpu.status === 'ok' ? cpu.utilisation : 0;
  const resting = Object.entries(atRest).map(([name, { utilisation, withLoad }]) => {
    const metric = snapshot.metrics[name as MetricName];
    return [name, { ...metric, utilisation: between0And1(utilisation + withLoad * busy) }];
  });
  if (resting.length === 0) return snapshot;
  return { ...snapshot, metrics: { ...snapshot.metrics, ...Object.fromEntries(resting) } };
}

function claimed(snapshot: Snapshot, { utilisation, cores }: NonNullable<Conditions['claim']>): Snapshot {
  const { cpu, ram, bandwidth, threads, tcpQueues } = snapshot.metrics;
  return {
    ...snapshot,
    effectiveCores: cores ?? snapshot.effectiveCores,
    metrics: {
      cpu: { ...cpu, utilisation },
      ram: { ...ram, utilisation },
      bandwidth: { ...bandwidth, utilisation },
      threads: { ...threads, utilisation },
      tcpQueues: { ...tcpQueues, utilisation },
    } as Snapshot['metrics'],
  };
}

function between0And1(value: number): number {
  return Math.min(1, Math.max(0, value));
}
