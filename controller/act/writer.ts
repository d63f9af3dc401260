import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { Log } from '../../shared/process/log.ts';
import { contestedProblem } from '../observe/backend-problems.ts';
import type { Sighting } from '../observe/observer.ts';
import { act } from './act.ts';
import {
  type Contests,
  type ForeignWrite,
  forgetLeft,
  noteLeft,
  type Seen,
  type Yielded,
  yieldContested,
} from './contest.ts';
import { type Baseline, rescueLook } from './rescue.ts';

/** What became of a tick's decisions. */
export interface Written {
  /** As they are in force now; what HAProxy did not take, or what was left to another writer, is as it was. */
  readonly decisions: readonly Decision[];
  /** Weights that were sent and taken. */
  readonly count: number;
  /** Whether HAProxy took all that was sent. */
  readonly taken: boolean;
  readonly problem: Problem | null;
}

/** The only one that changes one backend's weights while the loop runs. Knows what it left in HAProxy. */
export class Writer {
  readonly #api: HaproxyControl;
  readonly #backend: string;
  readonly #logger: Log;
  readonly #isSameHaproxy: () => Promise<boolean>;
  #contests: Contests = new Map();
  /** Servers that our last tick left at weight 0, with their configured weights. */
  #drained: ReadonlyMap<string, number> = new Map();
  /** What the look before saw; null where there was none since the servers were drained. */
  #baseline: Baseline | null = null;
  /** Servers that were given their weight back since, perhaps while a tick was under way that read it before. */
  #rescued: ReadonlySet<string> = new Set();

  /** `isSameHaproxy` asks whether HAProxy is still the process that the tick began with. */
  constructor(api: HaproxyControl, backend: string, logger: Log, isSameHaproxy: () => Promise<boolean>) {
    this.#api = api;
    this.#backend = backend;
    this.#logger = logger;
    this.#isSameHaproxy = isSameHaproxy;
  }

  /** HAProxy is another process now, with the configured weights. */
  forget(): void {
    this.#contests = forgetLeft(this.#contests);
  }

  /** Sends what is to be written and not left to another writer. */
  async write(decisions: readonly Decision[], sightings: readonly Sighting[]): Promise<Written> {
    const seen = sightings.map(({ observation }) => observation);
    const yielded = await this.#yield(decisions, seen);
    for (const foreign of yielded.foreignWrites) this.#log(foreign);
    const sent = await act(this.#api, this.#backend, yielded.decisions);
    const current = new Map(seen.map(({ server, currentWeight }) => [server, currentWeight]));
    const after = new Map(
      yielded.decisions.map((decision) => [decision.server, afterwards(decision, current, sent.ok)]),
    );
    this.#contests = noteLeft(yielded.contests, (server) =>
      this.#rescued.has(server) ? null : (after.get(server) ?? null),
    );
    this.#rescued = new Set();
    this.#noteDrained(yielded.decisions, seen);
    const { contested } = yielded;
    const problem = contested.length === 0 ? null : contestedProblem(this.#backend, contested);
    if (sent.ok) return { decisions: yielded.decisions, count: sent.value, taken: true, problem };
    const inForce = yielded.decisions.map((decision) => unapplied(decision, current));
    return { decisions: inForce, count: 0, taken: false, problem: sent.error };
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
    // reloaded since the tick began: nobody wrote those weights, they are the configuration's
    this.forget();
    return yieldContested(decisions, seen, this.#contests);
  }

  /** Between two ticks: nothing to do unless we drained a server and all others are gone. How many weights were given back. */
  async rescue(): Promise<Result<number, Problem>> {
    if (this.#drained.size === 0) return ok(0);
    const rows = await this.#api.stats(this.#backend);
    if (!rows.ok) return rows;
    const { changes, baseline } = rescueLook(rows.value, this.#baseline, this.#drained);
    this.#baseline = baseline;
    if (changes.length === 0) return ok(0);
    const sent = await this.#api.setWeights(this.#backend, changes);
    const servers = changes.map(({ server }) => server);
    this.#rescued = new Set(servers);
    this.#contests = noteLeft(this.#contests, (server, left) => (this.#rescued.has(server) ? null : left));
    const fields = { backend: this.#backend, servers };
    if (!sent.ok) {
      this.#logger.error('drained servers could not be brought back', { ...fields, detail: formatProblem(sent.error) });
      return err(sent.error);
    }
    this.#drained = new Map();
    this.#logger.warn('no other server answers: drained servers are back', fields);
    return ok(changes.length);
  }

  /** The first time only: from the second on it is a problem of the backend, which is logged when it comes and goes. */
  #log({ server, left, found, waitTicks }: ForeignWrite): void {
    if (waitTicks > 0) return;
    this.#logger.warn('weight changed by another writer', { backend: this.#backend, server, left, found });
  }
}

/** The weight that HAProxy has after the tick; null where a failed write may or may not have taken effect. */
function afterwards({ server, weight, write }: Decision, current: ReadonlyMap<string, number>, isSent: boolean) {
  if (write && !isSent) return null;
  return write ? weight : (current.get(server) ?? null);
}

/** A decision that HAProxy did not take: the weight is what it was, and the next tick decides again. */
function unapplied(decision: Decision, current: ReadonlyMap<string, number>): Decision {
  return { ...decision, weight: current.get(decision.server) ?? decision.weight, write: false };
}
