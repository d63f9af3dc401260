import { hostname } from 'node:os';
import { systemClock } from '../../shared/clock.ts';
import type { Refused } from '../../shared/net/excess-report.ts';
import type { Log } from '../../shared/process/log.ts';
import type { AgentOptions } from '../config/options.ts';
import { parseAuxv } from '../kernel/auxv.ts';
import type { ProcRoot } from '../kernel/proc-root.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import { SocketDiagnostics } from '../kernel/socket-diagnostics.ts';
import { ChangeLog } from '../sample/change-log.ts';
import { makeRegistry } from '../sample/registry.ts';
import { Sampler } from '../sample/sampler.ts';
import { effectiveCores } from '../scope/effective-cores.ts';
import { readMachine } from '../scope/machine.ts';
import type { Surroundings, Target } from '../scope/target.ts';
import { scopeWarnings } from '../scope/warnings.ts';
import { prometheusText } from '../serve/prometheus.ts';
import { SnapshotBody } from '../serve/snapshot-body.ts';

/** The machine does not change, and what a scope holds seldom does. */
const factsMs = 30_000;

/** A sampler on its own clock, with what answers from it. */
export class Service implements Disposable {
  readonly body: SnapshotBody;
  readonly #sampler: Sampler;
  readonly #sockets = new SocketDiagnostics();
  readonly #changes: ChangeLog;
  readonly #warned = new Set<string>();
  readonly #sampleMs: number;
  readonly #onSample: () => void;
  #timer: NodeJS.Timeout | null = null;

  /** `onSample` is called after each sample that was finished. */
  constructor(files: ProcRoot, target: Target, options: AgentOptions, log: Log, onSample: () => void = () => {}) {
    this.#sockets.prepare();
    const units = parseAuxv(files.bytesOrNull('/proc/self/auxv'));
    const surroundings: Surroundings = { files, units, target, configured: options.configured };
    const cores = effectiveCores(surroundings);
    const clock = systemClock;
    const { windowMs, sampleMs, server } = options;
    const registry = makeRegistry(surroundings, cores, this.#sockets, clock, windowMs);
    const facts = new SlowFact(() => {
      const warnings = scopeWarnings(surroundings, process.env);
      for (const warning of warnings) if (!this.#warned.has(warning)) log.warn('scope in doubt', { detail: warning });
      for (const warning of warnings) this.#warned.add(warning);
      return { ...readMachine(files), ...(warnings.length === 0 ? {} : { warnings: [...warnings] }) };
    }, factsMs);
    this.#sampler = new Sampler({ target, registry, cores, clock, windowMs, host: hostname(), server, facts });
    this.body = new SnapshotBody(this.#sampler);
    this.#changes = new ChangeLog(log);
    this.#sampleMs = sampleMs;
    this.#onSample = onSample;
  }

  /** Samples now and from now on. */
  start(): void {
    this.sample();
    this.#timer = setInterval(() => this.sample(), this.#sampleMs);
  }

  sample(): void {
    this.#sampler.sample();
    const { latest } = this.#sampler;
    if (latest !== null) this.#changes.observe(latest.metrics);
    this.#onSample();
  }

  metrics(refused: Refused): string | null {
    const { latest } = this.#sampler;
    return latest === null ? null : prometheusText(latest, this.#sampler, refused);
  }

  /** Whether samples still come; some lateness is forgiven on a busy machine. */
  isAlive(): boolean {
    return this.#sampler.latest !== null && this.#sampler.ageMs < 5 * this.#sampleMs;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer ?? undefined);
    this.#sockets[Symbol.dispose]();
  }
}
