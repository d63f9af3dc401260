import { isSameProcess } from '../../haproxy/process-info.ts';
import type { HaproxyControl, HaproxyInfo } from '../../haproxy/runtime-api.ts';
import { versionProblem } from '../../haproxy/versions.ts';
import type { Clock } from '../../shared/clock.ts';
import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { tickFailed } from '../../shared/contract/problems/backend.ts';
import { err, type Result } from '../../shared/contract/result.ts';
import type { Status } from '../../shared/contract/status.ts';
import type { ControllerTraffic } from '../../shared/contract/traffic.ts';
import { EventLog } from '../../shared/process/event-log.ts';
import type { Log } from '../../shared/process/log.ts';
import { remembered } from '../../shared/remembered.ts';
import type { Ledger } from '../act/ledger.ts';
import type { LimitLedger } from '../act/limit-ledger.ts';
import { LimitWriter } from '../act/limit-writer.ts';
import { Writer } from '../act/writer.ts';
import type { Config } from '../config/schema.ts';
import type { AgentSource } from '../observe/agent-client.ts';
import { AgentRound } from '../observe/agent-round.ts';
import { type NamedPeers, type PeerHealth, Peers } from '../observe/peers/peers.ts';
import type { Recorder } from '../record/recorder.ts';
import { recordingVersion } from '../record/recording.ts';
import { BackendLoop, type BackendLoopConfig, type BackendRecord, type SharedTick } from './backend-loop.ts';
import type { BackendTick } from './backend-tick.ts';
import { countingHaproxy, makeTraffic, peerStatuses } from './exchange.ts';
import { lookEveryMs } from './look-pace.ts';
import { Looks } from './looks.ts';
import { OneByOne } from './one-by-one.ts';
import { type StatusHead, statusOf } from './status.ts';
import { atStart, paceAfter, paceProblem, type TickPace } from './tick-pace.ts';

/** What the loop takes of the configuration. */
export type LoopConfig = BackendLoopConfig &
  Pick<Config, 'backends'> & { readonly haproxy: Pick<Config['haproxy'], 'socket'> };

export interface LoopOptions {
  readonly config: LoopConfig;
  readonly api: HaproxyControl;
  readonly agents: AgentSource;
  readonly logger: Log;
  readonly clock: Clock;
  /** Where every tick is recorded; null, or left out: nowhere. */
  readonly recorder?: Pick<Recorder, 'take' | 'status'> | null;
  /** Makes sure that no other controller works on this process. Left out: none does. */
  readonly claim?: (haproxy: HaproxyInfo) => Promise<Problem | null>;
  /** Where the counters of other controllers come from, and which these are; left out: there are none. */
  readonly peers?: NamedPeers;
  /** Which weights of a backend are ours from the start on; left out: none. */
  readonly ledgerOf?: (backend: string) => Ledger;
  /** The same of limits. */
  readonly limitLedgerOf?: (backend: string) => LimitLedger;
}

type LoopHead = Omit<StatusHead, 'waitingFor' | 'recording' | 'peers'>;

/** All backends, tick by tick. A tick that comes while another is under way is skipped and counted, never queued. */
export class Loop {
  readonly #options: LoopOptions;
  readonly #backends: readonly BackendLoop[];
  readonly #events: EventLog;
  /** By which another controller recognises this process, and this one itself. */
  readonly #instance = crypto.randomUUID();
  readonly #peers: Peers;
  readonly #looks: Looks;
  #peerHealth: readonly PeerHealth[] = [];
  #head: LoopHead;
  #pace: TickPace = atStart;
  #haproxyProblem: Problem | null = null;
  /** HAProxy as the last tick that reached it found it; null before the first. */
  #haproxy: HaproxyInfo | null = null;
  readonly #statusOf = remembered(makeStatus);
  readonly #trafficOf = remembered(makeTraffic);
  #running: Promise<void> | null = null;
  #round: AgentRound | null = null;
  readonly #stop = new AbortController();

  constructor(options: LoopOptions) {
    const { config, clock, recorder = null, api, logger } = options;
    this.#options = options;
    this.#events = new EventLog(logger);
    this.#peers = new Peers(options.peers ?? { urls: [], source: null }, clock.monotonicMs);
    this.#peerHealth = this.#peers.health;
    const shared = {
      ...{
        config,
        api,
        backends: config.backends.length,
        agents: options.agents,
        logger,
        events: this.#events,
        nowMs: clock.monotonicMs,
        wallMs: clock.wallMs,
      },
      record: recorder === null ? null : (tick: BackendRecord) => this.#record(recorder, tick),
    };
    const backends = config.backends.map((backend) => {
      const writer = new Writer(
        api,
        backend.name,
        logger,
        () => this.#isSameHaproxy(),
        options.ledgerOf?.(backend.name),
      );
      const limitWriter = new LimitWriter(api, backend.name, logger, options.limitLedgerOf?.(backend.name));
      return new BackendLoop({ ...shared, backend, writer, limitWriter });
    });
    this.#backends = backends;
    this.#looks = new Looks(backends, this.#events, clock.monotonicMs);
    this.#head = {
      policy: config.policy,
      dryRun: config.dryRun,
      periodMs: config.periodMs,
      startedAtMs: Math.round(clock.wallMs()),
      lastTickAtMs: null,
      lastTickDurationMs: null,
      ticks: 0,
      skippedTicks: 0,
      slowTicks: null,
      weightsWritten: 0,
      looks: null,
      haproxy: { socket: config.haproxy.socket, version: null, problem: null },
    };
  }

  /** The same object until there is something new, so that asking in between costs nothing. */
  get status(): Status {
    const recording = this.#options.recorder?.status ?? null;
    const backends = this.#backends.map(({ last }) => last);
    return this.#statusOf(this.#head, this.#haproxyProblem, recording, this.#peerHealth, ...backends);
  }

  /** What this controller tells others: what HAProxy has counted. The same object until there is something new. */
  get traffic(): ControllerTraffic {
    const { periodMs } = this.#head;
    const counted = this.#backends.map((each) => each.counted);
    return this.#trafficOf(this.#instance, periodMs, this.#haproxy, ...counted);
  }

  /** What keeps the loop from working: HAProxy's problem, else that of the first backend that has one. */
  get firstProblem(): Problem | null {
    return firstOf(
      this.#haproxyProblem,
      this.#backends.map(({ last }) => last),
    );
  }

  countSkipped(): void {
    this.#head = { ...this.#head, skippedTicks: this.#head.skippedTicks + 1 };
  }

  /** Gives up the tick that is under way: it decides and writes nothing more. There is none after it. */
  stop(): void {
    this.#stop.abort();
  }

  /** Returns whether a tick was finished: false while the one before is still under way, and after a stop. */
  async tick(): Promise<boolean> {
    if (this.#stop.signal.aborted) return false;
    if (this.#running !== null) {
      this.countSkipped();
      return false;
    }
    this.#running = this.#tick().finally(() => {
      this.#running = null;
    });
    await this.#running;
    return !this.#stop.signal.aborted;
  }

  /**
   * Between ticks, some times a second: HAProxy's counters alone, and what must not wait for a tick. A call while another is
   * under way does nothing. Returns after how long, in ms, the next look is due: a look costs a twentieth of the time at most.
   */
  async look(): Promise<number> {
    if (this.#stop.signal.aborted || this.#haproxyProblem !== null) return lookEveryMs;
    const looked = await this.#looks.look();
    if (looked === null) return lookEveryMs;
    const { written, dueMs } = looked;
    if (written > 0) this.#head = { ...this.#head, weightsWritten: this.#head.weightsWritten + written };
    return dueMs;
  }

  /** Stops, and puts the configured weights back. Returns what could not be restored, and why. */
  async restore(): Promise<readonly Problem[]> {
    this.stop();
    await this.#running;
    // weights that another controller sets are left to it
    if (this.#haproxy === null || this.#haproxyProblem?.code === 'controller-running') return [];
    const problems: Problem[] = [];
    for (const backend of this.#backends) {
      const name = backend.last.backend;
      const restored = await this.#restoreBackend(backend);
      if (restored.ok) {
        this.#options.logger.info('configured weights restored', { backend: name, changed: restored.value });
        continue;
      }
      problems.push(restored.error);
      // the others would wait for it as long, each
      if (restored.error.code === 'haproxy-timeout' && !(await this.#options.api.info()).ok) break;
    }
    return problems;
  }

  /** A defect costs this backend its weights, and the others nothing. */
  async #restoreBackend(backend: BackendLoop): Promise<Result<number, Problem>> {
    try {
      return await backend.restore();
    } catch (error) {
      return err(tickFailed(backend.last.backend, error));
    }
  }

  async #tick(): Promise<void> {
    const { clock } = this.#options;
    const startedMs = clock.monotonicMs();
    const info = await this.#claimed(await this.#options.api.info());
    this.#onHaproxyInfo(info);
    const written = info.ok ? await this.#tickBackends(this.#askPeers(info.value)) : 0;
    if (this.#stop.signal.aborted) return;
    const tookMs = clock.monotonicMs() - startedMs;
    this.#head = {
      ...this.#head,
      ticks: this.#head.ticks + 1,
      weightsWritten: this.#head.weightsWritten + written,
      looks: this.#looks.status,
      lastTickAtMs: Math.round(clock.wallMs()),
      lastTickDurationMs: tookMs,
      slowTicks: this.#paceAfter(tookMs),
    };
  }

  /** Each backend goes on as soon as its own agents have answered. Returns how many weights were written. */
  async #tickBackends(asked: Promise<void>): Promise<number> {
    this.#round = new AgentRound(this.#options.agents, this.#stop.signal, this.#round);
    const peers = { asked, all: this.#peers };
    const shared = { round: this.#round, reading: new OneByOne(), acting: new OneByOne(), peers };
    const written = await Promise.all(this.#backends.map((backend) => this.#tickBackend(backend, shared)));
    return written.reduce((sum, each) => sum + each, 0);
  }

  /** Beside the agents: nothing waits for a peer that is slow. */
  async #askPeers(haproxy: HaproxyInfo): Promise<void> {
    await this.#peers.ask({ instance: this.#instance, haproxy: countingHaproxy(haproxy) }, this.#stop.signal);
    this.#peerHealth = this.#peers.health;
    for (const { url, problem } of this.#peerHealth) this.#events.report('peer problem', { peer: url }, problem);
  }

  /** While another controller works on HAProxy, this one waits. */
  async #claimed(info: Result<HaproxyInfo, Problem>): Promise<Result<HaproxyInfo, Problem>> {
    const problem = info.ok ? ((await this.#options.claim?.(info.value)) ?? null) : null;
    return problem === null ? info : err(problem);
  }

  /** A defect (a policy that throws) costs this backend one tick, and the others nothing. */
  async #tickBackend(backend: BackendLoop, shared: SharedTick): Promise<number> {
    try {
      return await backend.tick(shared);
    } catch (error) {
      const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
      this.#options.logger.error('tick failed', { backend: backend.last.backend, detail });
      backend.miss(tickFailed(backend.last.backend, error));
      return 0;
    }
  }

  #paceAfter(tookMs: number): string | null {
    const { periodMs } = this.#options.config;
    this.#pace = paceAfter(this.#pace, tookMs, periodMs);
    const problem = paceProblem(this.#pace, periodMs);
    this.#events.report('ticks are slow', {}, problem);
    return problem === null ? null : formatProblem(problem);
  }

  async #isSameHaproxy(): Promise<boolean> {
    const info = await this.#options.api.info();
    return info.ok && this.#haproxy !== null && isSameProcess(this.#haproxy, info.value);
  }

  #record(recorder: Pick<Recorder, 'take'>, tick: BackendRecord): void {
    const at = Math.round(this.#options.clock.wallMs());
    recorder.take({ haweightRecording: recordingVersion, at, run: this.#head.startedAtMs, ...tick });
  }

  #onHaproxyInfo(info: Result<HaproxyInfo, Problem>): void {
    const { socket } = this.#head.haproxy;
    this.#events.report('waiting for haproxy', { socket }, info.ok ? null : info.error);
    this.#haproxyProblem = info.ok ? null : info.error;
    if (!info.ok) return;
    const { version, pid } = info.value;
    const before = this.#haproxy;
    this.#haproxy = info.value;
    this.#events.report('haproxy version', { socket }, versionProblem(version, socket));
    if (before === null || !isSameProcess(before, info.value)) {
      const event = before === null ? 'haproxy found' : 'haproxy was reloaded or restarted';
      this.#options.logger.info(event, { socket, version, pid });
      for (const backend of this.#backends) backend.onHaproxyRestart();
    }
    this.#head = { ...this.#head, haproxy: { socket, version, problem: null } };
  }
}

function firstOf(haproxyProblem: Problem | null, backends: readonly BackendTick[]): Problem | null {
  return haproxyProblem ?? backends.find(({ problem }) => problem !== null)?.problem ?? null;
}

function makeStatus(
  head: LoopHead,
  haproxyProblem: Problem | null,
  recording: StatusHead['recording'],
  peers: readonly PeerHealth[],
  ...backends: readonly BackendTick[]
): Status {
  const first = firstOf(haproxyProblem, backends);
  const waitingFor = first === null ? null : formatProblem(first);
  const problem = haproxyProblem === null ? null : formatProblem(haproxyProblem);
  const shown = { ...head, waitingFor, recording, peers: peerStatuses(peers) };
  return statusOf({ ...shown, haproxy: { ...head.haproxy, problem } }, backends);
}
