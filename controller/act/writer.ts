import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { weightContested } from '../../shared/contract/problems/backend.ts';
import type { Result } from '../../shared/contract/result.ts';
import type { Log } from '../../shared/process/log.ts';
import { act, type Restored, restore } from './act.ts';
import {
  type Contests,
  type ForeignWrite,
  forgetLeft,
  leftToOthers,
  noteLeft,
  type Seen,
  type Yielded,
  yieldContested,
} from './contest.ts';
import { Ledger, type LeftWeights } from './ledger.ts';
import { type Baseline, rescueDrained } from './rescue.ts';

/** What HAProxy did with a tick's decisions. `decisions` are what is in force now. */
export type Written =
  | {
      readonly kind: 'written';
      readonly decisions: readonly Decision[];
      /** Weights that were sent and taken. */
      readonly count: number;
      /** Another writer of the same weights; null: there is none. */
      readonly problem: Problem | null;
    }
  /** HAProxy did not take what was sent, so the weights are as they were. */
  | { readonly kind: 'refused'; readonly decisions: readonly Decision[]; readonly problem: Problem };

/** Changes one backend's weights while the loop runs; nothing else does. Knows what it left in HAProxy. */
export class Writer {
  readonly #api: HaproxyControl;
  readonly #backend: string;
  readonly #logger: Log;
  readonly #isSameHaproxy: () => Promise<boolean>;
  #contests: Contests = new Map();
  /** Servers that our last tick left at weight 0, with their configured weights. */
  #drained: ReadonlyMap<string, number> = new Map();
  /** Of the rescue before; null where there was none since the servers were drained. */
  #baseline: Baseline | null = null;
  readonly #ledger: Ledger;
  /** Servers that got their weight back since the last tick, perhaps while a tick was under way that had read it before. */
  #rescued: ReadonlySet<string> = new Set();

  /** `isSameHaproxy` asks whether HAProxy is still the process that the tick began with. */
  constructor(
    api: HaproxyControl,
    backend: string,
    logger: Log,
    isSameHaproxy: () => Promise<boolean>,
    ledger = new Ledger(),
  ) {
    this.#api = api;
    this.#backend = backend;
    this.#logger = logger;
    this.#isSameHaproxy = isSameHaproxy;
    this.#ledger = ledger;
  }

  /** HAProxy is another process now, with the configured weights, or ours where a state file kept them. */
  forget(): void {
    this.#ledger.otherProcess();
    this.#contests = forgetLeft(this.#contests);
    this.#drained = new Map();
    this.#baseline = null;
  }

  /** Servers whose weight this tick leaves to another writer. */
  leftToOthers(seen: readonly Seen[]): ReadonlySet<string> {
    return leftToOthers(seen, this.#contests);
  }

  /** What HAProxy has, or may have, from us. */
  get left(): LeftWeights {
    return this.#ledger.left;
  }

  /** Puts the configured weights back where ours are in force. */
  async restore(): Promise<Result<Restored, Problem>> {
    const restored = await restore(this.#api, this.#backend, this.#ledger.left);
    if (restored.ok) this.#ledger.clear();
    return restored;
  }

  /** Sends what is to be written and not left to another writer. `srvRecords`: those that servers come from, by server. */
  async write(
    decisions: readonly Decision[],
    seen: readonly Observation[],
    srvRecords: ReadonlyMap<string, string> = new Map(),
  ): Promise<Written> {
    this.#ledger.see(seen);
    const { contested, contests, ...yielded } = await this.#yield(decisions, seen);
    for (const foreign of yielded.foreignWrites) this.#logForeign(foreign);
    const changes = yielded.decisions.filter(({ write }) => write);
    this.#ledger.sending(changes, seen);
    const sent = await act(this.#api, this.#backend, changes);
    this.#ledger.adopt(yielded.decisions, seen);
    this.#noteLeft(contests, yielded.decisions, seen, sent.ok);
    this.#noteDrained(yielded.decisions, seen);
    if (!sent.ok) return { kind: 'refused', decisions: unwritten(yielded.decisions, seen), problem: sent.error };
    const problem = contested.length === 0 ? null : contestedProblem(this.#backend, contested, srvRecords);
    return { kind: 'written', decisions: yielded.decisions, count: sent.value, problem };
  }

  #noteLeft(contests: Contests, decisions: readonly Decision[], seen: readonly Observation[], isSent: boolean): void {
    const current = weightsOf(seen);
    const after = new Map(decisions.map((decision) => [decision.server, afterwards(decision, current, isSent)]));
    this.#contests = noteLeft(contests, (server) => (this.#rescued.has(server) ? null : (after.get(server) ?? null)));
    this.#rescued = new Set();
  }

  #noteDrained(decisions: readonly Decision[], seen: readonly Observation[]): void {
    const out = new Set(decisions.filter(({ drained, weight }) => drained && weight === 0).map(({ server }) => server));
    this.#drained = new Map(
      seen.filter(({ server }) => out.has(server)).map(({ server, configuredWeight }) => [server, configuredWeight]),
    );
    if (out.size === 0) this.#baseline = null;
  }

  async #yield(decisions: readonly Decision[], seen: readonly Seen[]): Promise<Yielded> {
    const yielded = yieldContested(decisions, seen, this.#contests);
    if (yielded.foreignWrites.length === 0 || (await this.#isSameHaproxy())) return yielded;
    // reloaded since the tick began: those weights are the configuration's, not another writer's
    this.forget();
    return yieldContested(decisions, seen, this.#contests);
  }

  /**
   * Between two ticks: gives drained servers their weight back where no other server answers. Returns how many weights were
   * written. Costs nothing unless a server is drained, else one read of HAProxy.
   */
  async rescue(): Promise<number> {
    if (this.#drained.size === 0) return 0;
    const rows = await this.#api.stats(this.#backend);
    if (!rows.ok) return 0;
    const { changes, baseline } = rescueDrained(rows.value, this.#baseline, this.#drained);
    this.#baseline = baseline;
    if (changes.length === 0) return 0;
    this.#ledger.sending(changes);
    const sent = await this.#api.setWeights(this.#backend, changes);
    const servers = changes.map(({ server }) => server);
    this.#rescued = new Set(servers);
    this.#contests = noteLeft(this.#contests, (server, left) => (this.#rescued.has(server) ? null : left));
    const fields = { backend: this.#backend, servers };
    if (!sent.ok) {
      this.#logger.error('drained servers could not be brought back', { ...fields, detail: formatProblem(sent.error) });
      return 0;
    }
    this.#drained = new Map();
    this.#logger.warn('no other server answers: drained servers are back', fields);
    return changes.length;
  }

  /** The first time only: from the second on it is a problem of the backend, which is logged when it comes and goes. */
  #logForeign({ server, left, found, waitTicks }: ForeignWrite): void {
    if (waitTicks > 0) return;
    this.#logger.warn('weight changed by another writer', { backend: this.#backend, server, left, found });
  }
}

/** HAProxy itself is the likely writer where all of them come from SRV records. */
function contestedProblem(
  backend: string,
  contested: readonly string[],
  srvRecords: ReadonlyMap<string, string>,
): Problem {
  const records = contested.map((server) => srvRecords.get(server) ?? null);
  return weightContested(backend, contested, records.includes(null) ? null : (records[0] ?? null));
}

/** The weight that HAProxy has after the tick; null where a failed write may or may not have taken effect. */
function afterwards({ server, weight, write }: Decision, current: ReadonlyMap<string, number>, isSent: boolean) {
  if (write && !isSent) return null;
  return write ? weight : (current.get(server) ?? null);
}

/** Decisions that HAProxy did not take: the weights are as they were, and the next tick decides again. */
export function unwritten(decisions: readonly Decision[], seen: readonly Observation[]): readonly Decision[] {
  const current = weightsOf(seen);
  return decisions.map((each) => {
    const weight = current.get(each.server) ?? each.weight;
    return { ...each, weight, drained: each.drained && weight === 0, write: false };
  });
}

function weightsOf(seen: readonly Observation[]): ReadonlyMap<string, number> {
  return new Map(seen.map(({ server, currentWeight }) => [server, currentWeight]));
}
