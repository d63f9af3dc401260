import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Observation } from '../../shared/contract/observation.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { ok, type Result } from '../../shared/contract/result.ts';
import type { Log } from '../../shared/process/log.ts';
import type { LimitWriter } from '../act/limit-writer.ts';
import { WeightSupport } from '../act/weight-support.ts';
import { unwritten, type Writer } from '../act/writer.ts';
import type { BackendView } from '../observe/haproxy-view.ts';
import type { TickResult } from './tick-result.ts';

export interface TickWriterOptions {
  readonly config: { readonly dryRun: boolean };
  readonly backend: { readonly name: string };
  readonly api: HaproxyControl;
  readonly writer: Writer;
  readonly limitWriter: LimitWriter;
  readonly logger: Log;
}

/** Writes a tick's decisions for one backend, where its algorithm takes weights and this is no dry run. */
export class TickWriter {
  readonly #options: TickWriterOptions;
  readonly #support: WeightSupport;

  constructor(options: TickWriterOptions) {
    this.#options = options;
    this.#support = new WeightSupport(options.api, options.backend.name, options.logger);
  }

  async act(
    { observations, algorithm }: { readonly observations: readonly Observation[]; readonly algorithm: string | null },
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
    if (result.kind === 'written') return await this.#withLimits(result, wokenBy(result.decisions, observations));
    if (result.problem.code !== 'backend-static') return result;
    await this.#support.refused(writer.left);
    writer.forget();
    return { ...result, kind: 'useless' };
  }

  /** Limits are a second command: where HAProxy does not take them, the weights are in force all the same. */
  async #withLimits(result: Extract<TickResult, { kind: 'written' }>, woken: ReadonlySet<string>): Promise<TickResult> {
    const sent = await this.#options.limitWriter.write(result.decisions, woken);
    if (sent.ok) return result;
    const decisions = result.decisions.map((each) =>
      each.limit === undefined ? each : { ...each, limit: { ...each.limit, write: false } },
    );
    return { ...result, decisions, problem: result.problem ?? sent.error };
  }

  /** HAProxy is another process now, which has none of our weights. */
  forget(): void {
    const { writer, limitWriter } = this.#options;
    this.#support.forget(writer.left);
    writer.forget();
    limitWriter.forget();
  }

  /** Puts the configured weights back. Returns how many; none where the algorithm takes no weights: none was written there. */
  async restore(): Promise<Result<number, Problem>> {
    const { backend, writer, limitWriter, logger } = this.#options;
    const limits = await limitWriter.restore();
    if (!limits.ok) return limits;
    if (this.#support.isStatic) return ok(0);
    const restored = await writer.restore();
    if (!restored.ok) return restored;
    const { givenBack, leftAlone: servers } = restored.value;
    if (servers.length > 0) logger.info('weights of another writer stay', { backend: backend.name, servers });
    return ok(givenBack.length);
  }
}

/** The servers that had weight 0 until now. */
function wokenBy(decisions: readonly Decision[], observations: readonly Observation[]): ReadonlySet<string> {
  const asleep = new Set(observations.filter(({ currentWeight }) => currentWeight === 0).map(({ server }) => server));
  const woken = decisions.filter(({ server, write, weight }) => write && weight > 0 && asleep.has(server));
  return new Set(woken.map(({ server }) => server));
}
