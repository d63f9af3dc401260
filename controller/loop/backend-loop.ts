import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Policy } from '../../shared/contract/policy.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { ok, type Result } from '../../shared/contract/result.ts';
import type { BackendTraffic } from '../../shared/contract/traffic.ts';
import type { EventLog } from '../../shared/process/event-log.ts';
import type { Log } from '../../shared/process/log.ts';
import type { LimitWriter } from '../act/limit-writer.ts';
import type { Writer } from '../act/writer.ts';
import type { BackendConfig, Config } from '../config/schema.ts';
import { type DecideInput, type DecideState, decide, initialDecideState } from '../decide/decide.ts';
import type { Orders } from '../decide/orders.ts';
import { policyNamed } from '../decide/policies/registry.ts';
import { ShadowPolicy } from '../decide/shadow-policy.ts';
import type { AgentSource } from '../observe/agent-client.ts';
import type { AgentRound } from '../observe/agent-round.ts';
import type { FoundWeights } from '../observe/found-weights.ts';
import { type BackendView, readBackend } from '../observe/haproxy-view.ts';
import { type ObservedServer, Observer } from '../observe/observer.ts';
import type { Peers } from '../observe/peers/peers.ts';
import { silentAgentsProblem } from '../observe/silent-agents.ts';
import { decisionSettings, type TickRecord } from '../record/recording.ts';
import { type BackendTick, noTickYet, type ShadowTick } from './backend-tick.ts';
import { BetweenTicks } from './between-ticks.ts';
import { countedIn, withElsewhere } from './exchange.ts';
import { readLimits, withLimits } from './limit-readings.ts';
import type { OneByOne } from './one-by-one.ts';
import { TickLog } from './tick-log.ts';
import { outcomeOf, problemAfter, type TickResult } from './tick-result.ts';
import { TickWriter } from './tick-writer.ts';

/** What one backend's tick adds to a recording. */
export type BackendRecord = Omit<TickRecord, 'haweightRecording' | 'at' | 'run'>;

/** What a backend's loop takes of the configuration. */
export type BackendLoopConfig = Pick<
  Config,
  | 'periodMs'
  | 'tcpQueueParts'
  | 'policy'
  | 'shadow'
  | 'dryRun'
  // what decisions depend on
  | 'policies'
  | 'factors'
  | 'thresholds'
  | 'guard'
  | 'limits'
> & { readonly agents: Pick<Config['agents'], 'url' | 'staleAfterMs'> };

export interface BackendLoopOptions {
  readonly config: BackendLoopConfig;
  readonly backend: BackendConfig;
  /** How many backends there are. */
  readonly backends: number;
  readonly api: HaproxyControl;
  readonly agents: AgentSource;
  readonly writer: Writer;
  readonly limitWriter: LimitWriter;
  readonly logger: Log;
  readonly events: EventLog;
  /** Monotonic clock, in ms. */
  readonly nowMs: () => number;
  /** Wall clock, in ms: for people only. */
  readonly wallMs: () => number;
  /** Takes every tick that was decided; must return at once. null: nothing is recorded. */
  readonly record: ((tick: BackendRecord) => void) | null;
}

/** What the backends share at a tick. */
export interface SharedTick {
  readonly round: AgentRound;
  /** HAProxy is read for one backend at a time, and written for one, so that a rescue never waits for more than these two. */
  readonly reading: OneByOne;
  readonly acting: OneByOne;
  /** The other controllers, and when those have answered that are waited for. */
  readonly peers: { readonly asked: Promise<void>; readonly all: Peers };
}

/** What a tick found. */
interface Observed {
  readonly algorithm: string | null;
  readonly servers: readonly ObservedServer[];
  readonly srvRecords: BackendView['srvRecords'];
  /** Requests that wait in HAProxy for any server. */
  readonly waiting: number;
  /** Since the tick before, in ms. */
  readonly elapsedMs: number;
}

type TickInput = Omit<DecideInput, 'policy'>;

/** One backend: observe, decide, act, record. */
export class BackendLoop {
  readonly #options: BackendLoopOptions;
  readonly #observer: Observer;
  readonly #policy: Policy;
  readonly #shadows: readonly ShadowPolicy[];
  readonly #log: TickLog;
  readonly #writer: TickWriter;
  readonly #looks: BetweenTicks;
  /** null before the first reading. */
  #found: FoundWeights | null = null;
  #state: DecideState;
  #last: BackendTick;
  /** When HAProxy was last read; null before the first time. */
  #readAtMs: number | null = null;
  /** Ticks that were decided. */
  #ticks = 0;
  /** Of the last tick, until it is known what HAProxy took of it. */
  #orders: Orders = new Map();
  #counted: BackendTraffic | null = null;

  constructor(options: BackendLoopOptions) {
    const { config, backend, agents, nowMs, logger, events } = options;
    this.#options = options;
    this.#observer = new Observer(
      agents,
      {
        urlTemplate: config.agents.url,
        configuredUrls: backend.agents,
        staleAfterMs: config.agents.staleAfterMs,
        backends: options.backends,
        tcpQueueParts: config.tcpQueueParts,
      },
      nowMs,
    );
    this.#policy = policyNamed(config.policy, config.policies);
    this.#state = initialDecideState(this.#policy);
    this.#shadows = config.shadow.map((name) => new ShadowPolicy(policyNamed(name, config.policies)));
    this.#log = new TickLog({ logger, events, dryRun: config.dryRun });
    this.#writer = new TickWriter(options);
    this.#looks = new BetweenTicks(options);
    this.#last = noTickYet(backend.name, config.shadow);
  }

  get last(): BackendTick {
    return this.#last;
  }

  /** What HAProxy has counted, for other controllers; null before the first reading of this HAProxy. */
  get counted(): BackendTraffic | null {
    return this.#counted;
  }

  /** HAProxy is another process now: its counters began anew, and it has the configured weights. */
  onHaproxyRestart(): void {
    this.#observer.forgetCounters();
    this.#counted = null;
    this.#writer.forget();
    this.#looks.stop();
    if (this.#found !== null) this.#found = new Map();
  }

  /** Puts the configured weights back. Returns how many; none where the algorithm takes no weights: none was written there. */
  restore(): Promise<Result<number, Problem>> {
    return this.#writer.restore();
  }

  /** Between ticks: writes what must not wait for one. Returns how many weights were written. */
  look(): Promise<number> {
    return this.#looks.look();
  }

  /** The next look must not wait. */
  get isProbing(): boolean {
    return this.#looks.isProbing;
  }

  /**
   * One tick. Returns how many weights were written. Problems outside this process are in `last.problem` and the log. A tick
   * that is stopped decides and writes nothing.
   */
  async tick(shared: SharedTick): Promise<number> {
    const observed = await this.#observe(shared);
    return await shared.acting.run(async () => {
      if (observed === null || shared.round.stopped.aborted) return 0;
      if (observed.ok) return await this.#decideAndAct(observed.value);
      this.miss(observed.error);
      return 0;
    });
  }

  async #decideAndAct(observed: Observed): Promise<number> {
    const { algorithm, servers, srvRecords, waiting } = observed;
    const readAtMs = Math.round(this.#options.wallMs());
    const input = this.#inputOf(observed);
    const decisions = this.#decide(input);
    const result = await this.#writer.act(input, decisions, srvRecords);
    this.#looks.order(this.#orders, input.observations, result);
    const shadows = this.#tickShadows(input, decisions, result);
    const backend = this.#options.backend.name;
    const problem = problemAfter(result, silentAgentsProblem(backend, input.observations));
    const { ejections } = this.#looks;
    this.#finish({
      backend,
      algorithm,
      readAtMs,
      waiting,
      servers,
      decisions: result.decisions,
      problem,
      ejections,
      shadows,
    });
    this.#record(input, decisions, result);
    return result.kind === 'written' ? result.count : 0;
  }

  /** This tick decided nothing, because of `problem`. */
  miss(problem: Problem): void {
    const decisions = this.#last.decisions.map((decision) => ({ ...decision, write: false }));
    this.#finish({ ...this.#last, decisions, problem });
  }

  /** null: the tick was stopped. */
  async #observe({ round, reading, peers }: SharedTick): Promise<Result<Observed, Problem> | null> {
    const { api, backend, config, limitWriter, nowMs } = this.#options;
    const known = { found: this.#found, decided: this.#decided };
    const view = await reading.run(async () =>
      round.stopped.aborted ? null : await readBackend(api, backend.name, known),
    );
    if (view === null || !view.ok) return view;
    this.#found = view.value.found;
    this.#log.view(view.value);
    const readAtMs = nowMs();
    const elapsedMs = this.#readAtMs === null ? config.periodMs : Math.max(1, readAtMs - this.#readAtMs);
    this.#readAtMs = readAtMs;
    this.#counted = countedIn(view.value, readAtMs);
    const { algorithm, srvRecords } = view.value;
    this.#looks.see(view.value);
    const limits = config.limits === 'off' ? null : readLimits(view.value, limitWriter, this.#looks.lane.limits);
    const [servers] = await Promise.all([this.#observer.observe(view.value, round, this.#looks.lane), peers.asked]);
    const all = withElsewhere(servers, backend.name, peers.all, elapsedMs);
    const { waiting } = view.value.queue;
    return ok({ algorithm, srvRecords, servers: withLimits(all, limits ?? new Map()), waiting, elapsedMs });
  }

  /** The weights that the last tick left; none in a dry run, which leaves none. */
  get #decided(): ReadonlyMap<string, number> {
    const decisions = this.#options.config.dryRun ? [] : this.#last.decisions;
    return new Map(decisions.map(({ server, weight }) => [server, weight]));
  }

  #inputOf({ algorithm, servers, elapsedMs }: Observed): TickInput {
    const { factors, thresholds, guard, limits } = this.#options.config;
    const seen = servers.map(({ observation }) => observation);
    const contested = this.#options.writer.leftToOthers(seen);
    const observations = seen.map((each) => (contested.has(each.server) ? { ...each, leftToOther: true } : each));
    return { observations, factors, thresholds, guard, limits, algorithm, elapsedMs };
  }

  #decide(input: TickInput): readonly Decision[] {
    const { decisions, orders, state } = decide({ ...input, policy: this.#policy }, this.#state);
    this.#state = state;
    this.#orders = orders;
    return decisions;
  }

  #tickShadows(input: TickInput, inForce: readonly Decision[], { kind }: TickResult): readonly ShadowTick[] {
    return this.#shadows.map((shadow) => {
      const decided = shadow.tick({ ...input, inForce, written: kind === 'written' });
      const problem = decided.ok ? null : decided.error;
      const tick = { policy: shadow.policy.name, decisions: decided.ok ? decided.value : [], problem };
      this.#log.shadow(this.#options.backend.name, tick);
      return tick;
    });
  }

  #finish(tick: BackendTick): void {
    this.#log.tick(tick, this.#last);
    this.#last = tick;
  }

  /** Decisions are recorded as they were decided, whatever HAProxy took of them. */
  #record(input: TickInput, decisions: readonly Decision[], result: TickResult): void {
    const { backend, config, record } = this.#options;
    const { observations, algorithm, elapsedMs } = input;
    this.#ticks += 1;
    record?.({
      tick: this.#ticks,
      backend: backend.name,
      algorithm,
      elapsedMs,
      policy: config.policy,
      settings: decisionSettings(config),
      outcome: outcomeOf(result),
      observations,
      decisions,
    });
  }
}
