import type { Random } from '../../../shared/math/random.ts';
import type { Dispatch, Outcome, Target } from '../dispatch/dispatch.ts';
import { Queue } from '../queue.ts';
import type { Request } from '../request.ts';
import { candidates, drawSome } from './choose.ts';
import { ProbePool, probesPerRequest } from './probe-pool.ts';
import { RifLatency } from './rif-latency.ts';
import { RifQuantile } from './rif-quantile.ts';
import type { RivalSurroundings, RivalSystem } from './rival.ts';

/** Above this quantile of RIF a server is hot: the paper's 2^-0.25, some 0.84. */
const hotQuantile = 2 ** -0.25;
/** A probe's way to the server, and its answer's way back, in ms: the paper gives a probe well under a millisecond, and at most 3. */
const oneWayMs = 0.5;

/**
 * Prequal (B. Wydrowski, R. Kleinberg, S. Rumble, A. Archer, "Load is not what you should balance: introducing Prequal", NSDI
 * 2024), asynchronous, with the constants of the paper's baseline: 3 probes with every request, to servers drawn without
 * replacement; a pool of 16, of which each probe lasts 1 s; the hot-cold rule; one probe removed with every request, the oldest and
 * the worst in turn; below two probes a drawn server. A server's RIF is of all clients, and its latency the median near that RIF.
 * The paper does not say how many answers these are of, nor how near: chosen here, in its favour. With under 16 servers the pool holds them all.
 * Left out: synchronous probes, probes while no requests come, and the rule against servers that fail fast, which the paper mentions but does not describe.
 */
export function prequal({ servers, agenda }: Pick<RivalSurroundings, 'servers' | 'agenda'>): RivalSystem {
  const latencies = servers.map(() => new RifLatency());
  return (targets, random) => new PrequalClient({ servers, agenda }, latencies, targets, random);
}

class PrequalClient implements Dispatch {
  readonly #surroundings: Pick<RivalSurroundings, 'servers' | 'agenda'>;
  /** At the servers, so of all clients. */
  readonly #latencies: readonly RifLatency[];
  readonly #targets: readonly Target[];
  readonly #random: Random;
  readonly #pool: ProbePool;
  readonly #rifs = new RifQuantile(hotQuantile);
  readonly #probeSlot: number;
  /** Probes on their way to a server, and answers on their way back, by when they are there. */
  readonly #going = new Queue<{ readonly atMs: number; readonly server: number }>();
  readonly #returning = new Queue<{
    readonly atMs: number;
    readonly server: number;
    readonly rif: number;
    readonly latencyMs: number;
  }>();
  readonly #sent = new Map<Request, { readonly atMs: number; readonly rif: number }>();

  constructor(
    surroundings: Pick<RivalSurroundings, 'servers' | 'agenda'>,
    latencies: readonly RifLatency[],
    targets: readonly Target[],
    random: Random,
  ) {
    this.#surroundings = surroundings;
    this.#latencies = latencies;
    this.#targets = targets;
    this.#random = random;
    this.#pool = new ProbePool(targets.length, random);
    this.#probeSlot = surroundings.agenda.slot((nowMs) => this.#arrive(nowMs));
  }

  pick(avoid: Target | null): Target | null {
    const may = candidates(this.#targets, avoid);
    const { nowMs } = this.#surroundings.agenda;
    this.#receive(nowMs);
    const chosen = this.#pool.take(this.#rifs.value, nowMs, (server) => may.some(({ index }) => index === server));
    this.#probe(nowMs);
    return (chosen === null ? drawSome(may, 1, this.#random)[0] : this.#targets[chosen]) ?? null;
  }

  changed(): void {}

  sent(request: Request, { index }: Target): void {
    this.#sent.set(request, { atMs: this.#surroundings.agenda.nowMs, rif: this.#rif(index) });
  }

  ended(request: Request, { index }: Target, outcome: Outcome): void {
    const sent = this.#sent.get(request);
    this.#sent.delete(request);
    if (sent === undefined || outcome === 'refused' || outcome === 'broken') return;
    const { nowMs } = this.#surroundings.agenda;
    this.#latencies[index]?.record(sent.rif, nowMs - sent.atMs, nowMs);
  }

  #rif(server: number): number {
    const { inService = 0, waiting = 0 } = this.#surroundings.servers[server] ?? {};
    return inService + waiting;
  }

  #probe(nowMs: number): void {
    const wasEmpty = this.#going.size === 0;
    for (const { index } of drawSome(candidates(this.#targets, null), probesPerRequest, this.#random)) {
      this.#going.push({ atMs: nowMs + oneWayMs, server: index });
    }
    if (wasEmpty && this.#going.size > 0) this.#surroundings.agenda.set(this.#probeSlot, nowMs + oneWayMs);
  }

  /** The server answers what it has at that moment. */
  #arrive(nowMs: number): void {
    for (let first = this.#going.first; first !== undefined; first = this.#going.first) {
      if (first.atMs > nowMs) {
        this.#surroundings.agenda.set(this.#probeSlot, first.atMs);
        return;
      }
      this.#going.shift();
      const rif = this.#rif(first.server);
      const latencyMs = this.#latencies[first.server]?.estimate(rif, nowMs) ?? 0;
      this.#returning.push({ atMs: nowMs + oneWayMs, server: first.server, rif, latencyMs });
    }
  }

  #receive(nowMs: number): void {
    for (let first = this.#returning.first; first !== undefined && first.atMs <= nowMs; first = this.#returning.first) {
      this.#returning.shift();
      const { atMs, ...answer } = first;
      this.#rifs.add(answer.rif);
      this.#pool.add({ ...answer, receivedMs: atMs });
    }
  }
}
