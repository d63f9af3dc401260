import { algorithmProblem, mustBeProbed, probeWeights } from '../../haproxy/algorithm.ts';
import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import { formatProblem, type Problem } from '../../shared/contract/problem.ts';
import { backendStatic } from '../../shared/contract/problems/backend.ts';
import type { Log } from '../../shared/process/log.ts';
import { restore } from './act.ts';
import type { LeftWeights } from './ledger.ts';

/**
 * Whether a backend takes any weight. Map-based hashes (the default of `balance source`, `uri`, `hdr` and others) take only 0 and
 * the configured one, and HAProxy does not show which hash it is: a drain would succeed, and its ramp would be refused. So a probe
 * finds out before the first weight is written to each HAProxy process; after a refusal nothing more is written.
 */
export class WeightSupport {
  readonly #api: HaproxyControl;
  readonly #backend: string;
  readonly #logger: Log;
  /** Of this process of HAProxy; null: not known yet. */
  #takesWeights: boolean | null = null;
  /** Weights that HAProxy may have from us although the algorithm takes only 0 and the configured one. */
  #owed: LeftWeights = new Map();

  constructor(api: HaproxyControl, backend: string, logger: Log) {
    this.#api = api;
    this.#backend = backend;
    this.#logger = logger;
  }

  /** Whether weights have no effect in this process of HAProxy, so that none is written. */
  get isStatic(): boolean {
    return this.#takesWeights === false;
  }

  /**
   * HAProxy is another process now, perhaps with another algorithm. `left`: the weights that it was sent before that was noticed:
   * the last ones may have reached the new process.
   */
  forget(left: LeftWeights): void {
    this.#takesWeights = null;
    this.#owed = new Map(left);
  }

  /** Why no weight has an effect here, as far as is known without writing; null: it has one, or may have one. */
  problemOf(algorithm: string | null): Problem | null {
    const known = algorithmProblem(this.#backend, algorithm);
    if (known !== null) this.#takesWeights = false;
    return known ?? (this.isStatic ? backendStatic(this.#backend, algorithm) : null);
  }

  /** To be asked before weights are written: probes where that is needed. null: they may be written. */
  async probe(algorithm: string | null): Promise<Problem | null> {
    if (this.#takesWeights !== null || !mustBeProbed(algorithm)) return null;
    const states = await this.#api.servers(this.#backend);
    if (!states.ok) return states.error;
    const changes = probeWeights(states.value);
    if (changes === null) return null;
    const probed = await this.#api.setWeights(this.#backend, changes);
    if (!probed.ok && probed.error.code !== 'backend-static') return probed.error;
    this.#takesWeights = probed.ok;
    if (probed.ok) this.#owed = new Map();
    return probed.ok ? null : backendStatic(this.#backend, algorithm);
  }

  /** A write was refused after all, as after a reload with another algorithm: the zeros of that batch were taken. */
  async refused(left: LeftWeights): Promise<void> {
    this.#takesWeights = false;
    this.#owed = new Map(left);
    await this.putBack();
  }

  /** Gives back what was left at 0 where the algorithm takes no weights; tries again at the next tick where that fails. */
  async putBack(): Promise<void> {
    if (this.#owed.size === 0) return;
    const restored = await restore(this.#api, this.#backend, this.#owed);
    const fields = { backend: this.#backend, servers: [...this.#owed.keys()] };
    if (!restored.ok) {
      this.#logger.error('weights not put back', { ...fields, detail: formatProblem(restored.error) });
      return;
    }
    if (restored.value.givenBack.length > 0) {
      this.#logger.warn('weights put back: the algorithm refuses others', fields);
    }
    this.#owed = new Map();
  }
}
