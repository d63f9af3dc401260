import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Exclusion, Observation } from '../../shared/contract/observation.ts';
import type { Policy } from '../../shared/contract/policy.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { ok, type Result } from '../../shared/contract/result.ts';
import type { BackendTraffic } from '../../shared/contract/traffic.ts';
import type { EventLog } from '../../shared/process/event-log.ts';
import type { Log } from '../../shared/process/log.ts';
import { WeightSupport } from '../act/weight-support.ts';
import { unwritten, type Writer } from '../act/writer.ts';
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
import { countedIn, withElsewhere } from './exchange.ts';
import { FastLane, type Looked } from './fast-lane.ts';
import { lookRowsOf, lookRowsOfView } from './look-rows.ts';
import type { OneByOne } from './one-by-one.ts';
import { TickLog } from './tick-log.ts';
import { outcomeOf, problemAfter, type TickResult } from './tick-result.ts';

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
> & { readonly agents: Pick<Config['agents'], 'url' | 'staleAfterMs'> };

export interface BackendLoopOptions {
  readonly config: BackendLoopConfig;
  readonly backend: BackendConfig;
  /** How many backends there are. */
  readonly backends: number;
  readonly api: HaproxyControl;
  readonly agents: AgentSource;
  readonly writer: Writer;
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
  readonly #support: WeightSupport;
  readonly #lane: FastLane;
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
  /** How often a server was ejected. */
  #ejections = 0;

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
    this.#support = new WeightSupport(options.api, backend.name, logger);
    this.#lane = new FastLane(config.guard, nowMs);
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
    this.#support.forget(this.#options.writer.left);
    this.#options.writer.forget();
    this.#lane.stop();
    if (this.#found !== null) this.#found = new Map();
  }

  /** Puts the configured weights back. Returns how many; none where the algorithm takes no weights: none was written there. */
  async restore(): Promise<Result<number, Problem>> {
    if (this.#support.isStatic) return ok(0);
    const { backend, writer, logger } = this.#options;
    const restored = await writer.restore();
    if (!restored.ok) return restored;
    const { givenBack, leftAlone: servers } = restored.value;
    if (servers.length > 0) logger.info('weights of another writer stay', { backend: backend.name, servers });
    return ok(givenBack.length);
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
    const { algorithm, servers, srvRecords } = observed;
    const readAtMs = Math.round(this.#options.wallMs());
    const input = this.#inputOf(observed);
    const decisions = this.#decide(input);
    const result = await this.#act(input, decisions, srvRecords);
    this.#order(input.observations, result);
    const shadows = this.#tickShadows(input, decisions, result);
    const backend = this.#options.backend.name;
    const problem = problemAfter(result, silentAgentsProblem(backend, input.observations));
    const ejections = this.#ejections;
    this.#finish({ backend, algorithm, readAtMs, servers, decisions: result.decisions, problem, ejections, shadows });
    this.#record(input, decisions, result);
    return result.kind === 'written' ? result.count : 0;
  }

  /**
   * Between ticks: looks at HAProxy's counters and writes what must not wait for a tick. Returns how many weights were written. A
   * look that fails changes nothing.
   */
  async look(): Promise<number> {
    if (!this.#lane.isAtWork) return 0;
    const { api, backend, writer, events } = this.#options;
    const { name } = backend;
    const rows = await api.stats(name);
    if (!rows.ok || !this.#lane.isAtWork) return 0;
    const looked = this.#lane.look(lookRowsOf(rows.value));
    this.#ejections += looked.opened.length;
    this.#logLook(looked);
    if (looked.changes.length === 0) return 0;
    this.#lane.written(looked.changes);
    const sent = await writer.writeBetween(looked.changes);
    events.report('weights between ticks', { backend: name }, sent.ok ? null : sent.error);
    return sent.ok ? sent.value : 0;
  }

  /** The next look must not wait. */
  get isProbing(): boolean {
    return this.#lane.isAtWork && this.#lane.isProbing;
  }

  #logLook({ opened, closed, released }: Looked): void {
    const { logger, backend } = this.#options;
    for (const server of opened) {
      logger.warn('server ejected', { backend: backend.name, server, share: this.#lane.stateOf(server).errorShare });
    }
    for (const server of closed) logger.info('server no longer ejected', { backend: backend.name, server });
    if (released.length === 0) return;
    const fields = { backend: backend.name, servers: released };
    logger.warn('the other servers cannot answer: drained servers are back', fields);
  }

  /** This tick decided nothing, because of `problem`. */
  miss(problem: Problem): void {
    const decisions = this.#last.decisions.map((decision) => ({ ...decision, write: false }));
    this.#finish({ ...this.#last, decisions, problem });
  }

  /** null: the tick was stopped. */
  async #observe({ round, reading, peers }: SharedTick): Promise<Result<Observed, Problem> | null> {
    const { api, backend, config, nowMs } = this.#options;
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
    this.#lane.see(lookRowsOfView(view.value.servers), view.value.servers, algorithm);
    const [servers] = await Promise.all([this.#observer.observe(view.value, round, this.#lane), peers.asked]);
    return ok({
      algorithm,
      srvRecords,
      servers: withElsewhere(servers, backend.name, peers.all, elapsedMs),
      elapsedMs,
    });
  }

  /** The weights that the last tick left; none in a dry run, which leaves none. */
  get #decided(): ReadonlyMap<string, number> {
    const decisions = this.#options.config.dryRun ? [] : this.#last.decisions;
    return new Map(decisions.map(({ server, weight }) => [server, weight]));
  }

  #inputOf({ algorithm, servers, elapsedMs }: Observed): TickInput {
    const { factors, thresholds, guard } = this.#options.config;
    const seen = servers.map(({ observation }) => observation);
    const contested = this.#options.writer.leftToOthers(seen);
    const observations = seen.map((each) => (contested.has(each.server) ? { ...each, leftToOther: true } : each));
    return { observations, factors, thresholds, guard, algorithm, elapsedMs };
  }

  #decide(input: TickInput): readonly Decision[] {
    const { decisions, orders, state } = decide({ ...input, policy: this.#policy }, this.#state);
    this.#state = state;
    this.#orders = orders;
    return decisions;
  }

  async #act(
    { observations, algorithm }: TickInput,
    decisions: readonly Decision[],
    srvRecords: BackendView['srvRecords'],
  ): Promise<TickResult> {
    const { config, writer } = this.#options;
    const useless = this.#support.problemOf(algorithm);
    if (config.dryRun) return { kind: 'dry-run', decisions, problem: useless };
    const isWriting = useless === null && decisions.some(({ write }) => write);
    const problem = isWriting ? await this.#support.probe(algorithm) : useless;
    if (problem !== null) {
      const isUseless = problem.code === 'backend-static';
      if (isUseless) await this.#support.putBack();
      return { kind: isUseless ? 'useless' : 'refused', decisions: unwritten(decisions, observations), problem };
    }
    const result = await writer.write(decisions, observations, srvRecords);
    if (result.kind !== 'refused' || result.problem.code !== 'backend-static') return result;
    await this.#support.refused(writer.left);
    writer.forget();
    return { ...result, kind: 'useless' };
  }

  /** Only what HAProxy has by this tick may be changed between ticks. */
  #order(observations: readonly Observation[], { kind, decisions }: TickResult): void {
    if (kind !== 'written' && kind !== 'dry-run') {
      this.#lane.stop();
      return;
    }
    const away = new Set(observations.filter(({ exclusion }) => isAway(exclusion)).map(({ server }) => server));
    const written = kind === 'dry-run' ? [] : decisions;
    this.#lane.decided(this.#orders, new Map(written.map(({ server, weight }) => [server, weight])), away);
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

function isAway(exclusion: Exclusion | null): boolean {
  return exclusion === 'down' || exclusion === 'maintenance' || exclusion === 'drain';
}
