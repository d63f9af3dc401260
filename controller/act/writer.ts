import type { HaproxyControl, WeightChange } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import type { Problem } from '../../shared/contract/problem.ts';
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
  readonly #ledger: Ledger;
  /** Weights that a look wrote since the last tick, perhaps while a tick was under way that had read HAProxy before. */
  readonly #between = new Map<string, WeightChange>();

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
    this.#between.clear();
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
    this.#ledger.sending([...this.#between.values()], seen);
    const { contested, contests, ...yielded } = await this.#yield(decisions, seen);
    for (const foreign of yielded.foreignWrites) this.#logForeign(foreign);
    const changes = yielded.decisions.filter(({ write }) => write);
    this.#ledger.sending(changes, seen);
    const sent = await act(this.#api, this.#backend, changes);
    this.#ledger.adopt(yielded.decisions, seen);
    this.#noteLeft(contests, yielded.decisions, seen, sent.ok);
    if (!sent.ok) return { kind: 'refused', decisions: unwritten(yielded.decisions, seen), problem: sent.error };
    const problem = contested.length === 0 ? null : contestedProblem(this.#backend, contested, srvRecords);
    return { kind: 'written', decisions: yielded.decisions, count: sent.value, problem };
  }

  #noteLeft(contests: Contests, decisions: readonly Decision[], seen: readonly Observation[], isSent: boolean): void {
    const current = weightsOf(seen);
    const after = new Map(decisions.map((decision) => [decision.server, afterwards(decision, current, isSent)]));
    this.#contests = noteLeft(contests, (server) => (this.#between.has(server) ? null : (after.get(server) ?? null)));
    this.#between.clear();
  }

  async #yield(decisions: readonly Decision[], seen: readonly Seen[]): Promise<Yielded> {
    const yielded = yieldContested(decisions, seen, this.#contests);
    if (yielded.foreignWrites.length === 0 || (await this.#isSameHaproxy())) return yielded;
    // reloaded since the tick began: those weights are the configuration's, not another writer's
    this.forget();
    return yieldContested(decisions, seen, this.#contests);
  }

  /** Between two ticks. What took effect is found at the next look. */
  async writeBetween(changes: readonly WeightChange[]): Promise<Result<number, Problem>> {
    for (const change of changes) this.#between.set(change.server, change);
    this.#ledger.sending(changes);
    const sent = await act(this.#api, this.#backend, changes);
    const isBetween = (server: string) => this.#between.has(server);
    this.#contests = noteLeft(this.#contests, (server, left) => (isBetween(server) ? null : left));
    return sent;
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
