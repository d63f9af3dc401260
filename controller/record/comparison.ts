import type { Decision } from '../../shared/contract/decision.ts';
import { metricsOver } from '../decide/guard/overload.ts';
import { sharesInRotation } from '../decide/shares.ts';
import type { TickRecord } from './recording.ts';

/** Of the two policies: the one that was recorded, and the one that was asked what it would have done. */
export interface Both<Value> {
  readonly recorded: Value;
  readonly replayed: Value;
}

export interface ServerComparison {
  readonly server: string;
  readonly weight: Both<number>;
  /** 0 to 1; null where the server is out of rotation. */
  readonly share: Both<number> | null;
}

/** One tick of one backend, as both policies decided it. */
export interface TickComparison {
  readonly at: number;
  readonly backend: string;
  readonly servers: readonly ServerComparison[];
}

export interface LargestDifference {
  readonly at: number;
  readonly server: string;
  readonly share: Both<number>;
}

/** What both policies did over all ticks of one backend. */
export interface ComparisonSummary {
  readonly ticks: number;
  readonly servers: number;
  /** Wall clock of the first and the last tick, in ms since 1970. */
  readonly from: number | null;
  readonly to: number | null;
  /** Mean over ticks and servers in rotation of the absolute difference of shares, 0 to 1; null where there were none. */
  readonly meanShareDifference: number | null;
  readonly largestDifference: LargestDifference | null;
  /** Weights that were, or would have been, sent. */
  readonly weightChanges: Both<number>;
  /** How often a server was drained. */
  readonly drains: Both<number>;
  /** Ticks that left every server in rotation at weight 0, so that every client gets a 503. */
  readonly allZeroTicks: Both<number>;
  /** Ticks, counted per server, with a metric over its threshold, by what the other policy would have given it then. */
  readonly overThreshold: { readonly moreShare: number; readonly lessShare: number; readonly sameShare: number };
}

/** Shares closer than this count as the same: 0.1 %. */
const sameShare = 0.001;

/** Adds up one backend's ticks; what it holds does not grow with their number. */
export class Comparison {
  readonly #servers = new Set<string>();
  readonly #drained = { recorded: new Set<string>(), replayed: new Set<string>() };
  readonly #weightChanges = { recorded: 0, replayed: 0 };
  readonly #drains = { recorded: 0, replayed: 0 };
  readonly #allZeroTicks = { recorded: 0, replayed: 0 };
  readonly #overThreshold = { moreShare: 0, lessShare: 0, sameShare: 0 };
  #ticks = 0;
  #from: number | null = null;
  #to: number | null = null;
  #differenceSum = 0;
  #differences = 0;
  #largest: LargestDifference | null = null;

  /** Compares one tick. `replayed` are the other policy's decisions on the same observations. */
  add(record: TickRecord, replayed: readonly Decision[]): TickComparison {
    const compared = compareTick(record, replayed);
    this.#ticks += 1;
    this.#from ??= record.at;
    this.#to = record.at;
    for (const each of compared.servers) this.#addServer(record, each);
    this.#countOverThreshold(record, compared);
    this.#countDecisions('recorded', record, record.decisions);
    this.#countDecisions('replayed', record, replayed);
    return compared;
  }

  /** To be called when the controller was started again: it had no server drained then. */
  forgetDrained(): void {
    for (const drained of Object.values(this.#drained)) drained.clear();
  }

  get summary(): ComparisonSummary {
    return {
      ticks: this.#ticks,
      servers: this.#servers.size,
      from: this.#from,
      to: this.#to,
      meanShareDifference: this.#differences === 0 ? null : this.#differenceSum / this.#differences,
      largestDifference: this.#largest,
      weightChanges: { ...this.#weightChanges },
      drains: { ...this.#drains },
      allZeroTicks: { ...this.#allZeroTicks },
      overThreshold: { ...this.#overThreshold },
    };
  }

  #addServer({ at }: TickRecord, { server, share }: ServerComparison): void {
    this.#servers.add(server);
    if (share === null) return;
    const difference = Math.abs(share.replayed - share.recorded);
    this.#differenceSum += difference;
    this.#differences += 1;
    const largest = this.#largest === null ? 0 : Math.abs(this.#largest.share.replayed - this.#largest.share.recorded);
    if (difference > largest) this.#largest = { at, server, share };
  }

  #countOverThreshold({ observations, settings }: TickRecord, { servers }: TickComparison): void {
    const shares = new Map(servers.map(({ server, share }) => [server, share]));
    for (const { server, agent } of observations) {
      const share = shares.get(server) ?? null;
      if (share === null || agent.state === 'stale') continue;
      if (metricsOver(agent.utilisation, settings.thresholds).length === 0) continue;
      const more = share.replayed - share.recorded;
      const kind = Math.abs(more) < sameShare ? 'sameShare' : more > 0 ? 'moreShare' : 'lessShare';
      this.#overThreshold[kind] += 1;
    }
  }

  #countDecisions(side: keyof Both<unknown>, { observations }: TickRecord, decisions: readonly Decision[]): void {
    for (const { server, drained, write } of decisions) {
      if (write) this.#weightChanges[side] += 1;
      if (drained && !this.#drained[side].has(server)) this.#drains[side] += 1;
    }
    this.#drained[side] = new Set(decisions.filter(({ drained }) => drained).map(({ server }) => server));
    const shares = sharesInRotation(observations, decisions);
    if (shares.size > 0 && [...shares.values()].every((share) => share === 0)) this.#allZeroTicks[side] += 1;
  }
}

/** Both policies' weights and shares of every server. Pure. */
export function compareTick(record: TickRecord, replayed: readonly Decision[]): TickComparison {
  const { at, backend, observations, decisions } = record;
  const weights = { recorded: weightsOf(decisions), replayed: weightsOf(replayed) };
  const shares = {
    recorded: sharesInRotation(observations, decisions),
    replayed: sharesInRotation(observations, replayed),
  };
  const servers = observations.map(({ server, currentWeight }): ServerComparison => {
    const recorded = shares.recorded.get(server);
    const other = shares.replayed.get(server);
    return {
      server,
      weight: {
        recorded: weights.recorded.get(server) ?? currentWeight,
        replayed: weights.replayed.get(server) ?? currentWeight,
      },
      share: recorded === undefined || other === undefined ? null : { recorded, replayed: other },
    };
  });
  return { at, backend, servers };
}

function weightsOf(decisions: readonly Decision[]): ReadonlyMap<string, number> {
  return new Map(decisions.map(({ server, weight }) => [server, weight]));
}
