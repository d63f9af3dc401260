import { weightSupport } from '../../haproxy/algorithm.ts';
import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import { isNeverOurs } from '../../shared/contract/observation.ts';
import type { Policy } from '../../shared/contract/policy.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import type { EventLog } from '../../shared/process/event-log.ts';
import type { Log } from '../../shared/process/log.ts';
import { Writer } from '../act/writer.ts';
import type { BackendConfig, Config } from '../config/schema.ts';
import { type DecideInput, type DecideState, decide, initialDecideState } from '../decide/decide.ts';
import { policyNamed } from '../decide/policies/registry.ts';
import { ShadowPolicy, type ShadowPolicyInput } from '../decide/shadow-policy.ts';
import type { AgentSource } from '../observe/agent-client.ts';
import {
  agentCheckProblem,
  ignoredWeightsProblem,
  silentAgentsProblem,
  staticProblem,
} from '../observe/backend-problems.ts';
import { readBackend } from '../observe/haproxy-view.ts';
import { Observer, type Sighting } from '../observe/observer.ts';
import { decisionSettings, type TickRecord } from '../record/recording.ts';

/** What a policy that is not in force would have decided at a tick. */
export interface ShadowTick {
  readonly policy: string;
  readonly decisions: readonly Decision[];
  /** Why there are no decisions; null while all is well. */
  readonly problem: Problem | null;
}

/** What one backend has to tell of a tick to a recording. */
export type BackendRecord = Omit<TickRecord, 'haweightRecording' | 'at' | 'run'>;

export interface BackendTick {
  readonly backend: string;
  readonly algorithm: string | null;
  readonly sightings: readonly Sighting[];
  readonly decisions: readonly Decision[];
  /** What is wrong with the backend as a whole; null while all is well. */
  readonly problem: Problem | null;
  readonly shadows: readonly ShadowTick[];
}

export interface BackendLoopOptions {
  readonly config: Config;
  readonly backend: BackendConfig;
  readonly api: HaproxyControl;
  readonly agents: AgentSource;
  readonly logger: Log;
  readonly events: EventLog;
  /** Monotonic clock, in ms. */
  readonly nowMs: () => number;
  /** Whether HAProxy is still the process that this tick began with. */
  readonly isSameHaproxy: () => Promise<boolean>;
  /** Takes every tick that was decided; must return at once. null: nothing is recorded. */
  readonly record: ((tick: BackendRecord) => void) | null;
}

/** Observe, decide, act for one backend. */
export class BackendLoop {
  readonly #options: BackendLoopOptions;
  readonly #observer: Observer;
  readonly #policy: Policy;
  readonly #shadows: readonly ShadowPolicy[];
  readonly #writer: Writer;
  #state: DecideState;
  #last: BackendTick;
  /** When HAProxy was last read; null before the first time. */
  #readAtMs: number | null = null;
  /** Ticks that were decided. */
  #ticks = 0;

  constructor(options: BackendLoopOptions) {
    const { config, backend, agents, api, logger, isSameHaproxy, nowMs } = options;
    this.#options = options;
    this.#observer = new Observer(
      agents,
      {
        urlTemplate: config.agents.url,
        configuredUrls: backend.agents,
        staleAfterMs: config.agents.staleAfterMs,
        tcpQueueParts: config.tcpQueueParts,
      },
      nowMs,
    );
    this.#policy = policyNamed(config.policy, config.policies);
    this.#state = initialDecideState(this.#policy);
    this.#writer = new Writer(api, backend.name, logger, isSameHaproxy);
    this.#shadows = config.shadow.map((name) => new ShadowPolicy(policyNamed(name, config.policies)));
    const shadows = config.shadow.map((policy) => ({ policy, decisions: [], problem: null }));
    this.#last = { backend: backend.name, algorithm: null, sightings: [], decisions: [], problem: null, shadows };
  }

  get last(): BackendTick {
    return this.#last;
  }

  /** HAProxy is another process now: what it counted before means nothing any more. */
  meetNewHaproxy(): void {
    this.#observer.forgetCounters();
    this.#writer.forget();
  }

  /**
   * Between two ticks: gives drained servers their weight back where no other one answers. How many weights it wrote. The
   * literal paper has no guard, and none between ticks.
   */
  async rescue(): Promise<number> {
    if (this.#policy.dynamics === null) return 0;
    const rescued = await this.#writer.rescue();
    return rescued.ok ? rescued.value : 0;
  }

  /** This tick decided nothing, and this is why. */
  miss(problem: Problem): void {
    const decisions = this.#last.decisions.map((decision) => ({ ...decision, write: false }));
    this.#finish({ ...this.#last, decisions, problem });
  }

  /** One tick; how many weights were written. Whatever goes wrong outside is in `last.problem` and the log. */
  async tick(): Promise<number> {
    const { api, backend, config } = this.#options;
    const view = await readBackend(api, backend.name);
    if (!view.ok) {
      this.miss(view.error);
      return 0;
    }
    const { algorithm } = view.value;
    const readAtMs = this.#options.nowMs();
    const elapsedMs = this.#readAtMs === null ? config.periodMs : Math.max(1, readAtMs - this.#readAtMs);
    this.#readAtMs = readAtMs;
    const sightings = await this.#observer.observe(view.value);
    const input = {
      observations: sightings.map(({ observation }) => observation),
      factors: config.factors,
      thresholds: config.thresholds,
      guard: config.guard,
      algorithm,
      elapsedMs,
    };
    const { decisions, state } = decide({ ...input, policy: this.#policy }, this.#state);
    this.#state = state;
    const useless = uselessProblem(backend.name, algorithm);
    const written = config.dryRun || useless !== null ? null : await this.#writer.write(decisions, sightings);
    const problem =
      useless ??
      (written?.taken === false ? written.problem : null) ??
      silentAgentsProblem(backend.name, sightings) ??
      written?.problem ??
      null;
    const outcome = outcomeOf(config.dryRun, written?.taken ?? false);
    const shadows = this.#tickShadows({ ...input, inForce: decisions, written: outcome === 'written' });
    const inForce = written?.decisions ?? (config.dryRun ? decisions : unwritten(decisions, sightings));
    this.#finish({ backend: backend.name, algorithm, sightings, decisions: inForce, problem, shadows });
    this.#record(input, decisions, outcome);
    return written?.count ?? 0;
  }

  #tickShadows(input: ShadowPolicyInput): readonly ShadowTick[] {
    const { backend, events } = this.#options;
    return this.#shadows.map((shadow) => {
      const policy = shadow.policy.name;
      const decided = shadow.tick(input);
      const problem = decided.ok ? null : decided.error;
      events.report('shadow problem', { backend: backend.name, policy }, problem);
      return { policy, decisions: decided.ok ? decided.value : [], problem };
    });
  }

  #record(
    { observations, algorithm, elapsedMs }: Omit<DecideInput, 'policy'>,
    decisions: readonly Decision[],
    outcome: TickRecord['outcome'],
  ): void {
    const { backend, config, record } = this.#options;
    this.#ticks += 1;
    record?.({
      tick: this.#ticks,
      backend: backend.name,
      algorithm,
      elapsedMs,
      policy: config.policy,
      settings: decisionSettings(config),
      outcome,
      observations,
      decisions,
    });
  }

  #finish(tick: BackendTick): void {
    const { events } = this.#options;
    const { backend } = tick;
    events.report('backend problem', { backend }, tick.problem);
    for (const { view, contact } of tick.sightings) {
      const subject = { backend, server: view.server };
      events.report('agent problem', subject, isNeverOurs(view.exclusion) ? null : contact.problem);
      const conflict = view.exclusion === 'agent-check' ? agentCheckProblem(backend, view.server) : null;
      events.report('server under agent-check', subject, conflict);
    }
    this.#logDecisions(tick);
    this.#last = tick;
  }

  #logDecisions({ backend, decisions, sightings }: BackendTick): void {
    const { logger, config } = this.#options;
    const wasDrained = new Map(this.#last.decisions.map(({ server, drained }) => [server, drained]));
    for (const { server, drained, weight, reasons } of decisions) {
      if (drained === (wasDrained.get(server) ?? false)) continue;
      logger.info(drained ? 'server drained' : 'server no longer drained', { backend, server, weight, reasons });
    }
    const before = new Map(sightings.map(({ view }) => [view.server, view.currentWeight]));
    const changes = decisions
      .filter(({ write }) => write)
      .map(({ server, weight }) => ({ server, from: before.get(server), to: weight }));
    if (changes.length > 0) logger.debug('weights changed', { backend, dryRun: config.dryRun, changes });
  }
}

function outcomeOf(dryRun: boolean, taken: boolean): TickRecord['outcome'] {
  if (dryRun) return 'dry-run';
  return taken ? 'written' : 'refused';
}

function uselessProblem(backend: string, algorithm: string | null): Problem | null {
  const support = weightSupport(algorithm);
  if (support === 'static') return staticProblem(backend, algorithm);
  return support === 'ignored' ? ignoredWeightsProblem(backend, algorithm) : null;
}

/** What is in force where nothing can be written: the weights as they were. */
function unwritten(decisions: readonly Decision[], sightings: readonly Sighting[]): readonly Decision[] {
  const current = new Map(sightings.map(({ view }) => [view.server, view.currentWeight]));
  return decisions.map((each) => ({ ...each, weight: current.get(each.server) ?? each.weight, write: false }));
}
