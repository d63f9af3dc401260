import { type CpuReading, cpuCollector } from '../../../agent/collectors/cpu.ts';
import { IsolatedCollector } from '../../../agent/sample/isolated-collector.ts';
import { effectiveCores } from '../../../agent/scope/effective-cores.ts';
import type { ScopeChoice } from '../../../agent/scope/scope.ts';
import type { ConfiguredLimits } from '../../../agent/scope/target.ts';
import { HandClock, type RecordedTree } from '../support.ts';

/** The collector as the agent runs it, with a window of 2 s. */
export class CpuOf {
  readonly #clock = new HandClock();
  readonly #surroundings;
  readonly #collector: IsolatedCollector<'cpu', CpuReading>;

  constructor(tree: RecordedTree, scope: ScopeChoice, configured: Partial<ConfiguredLimits> = {}) {
    this.#surroundings = tree.surroundings(scope, configured);
    const collector = cpuCollector(this.#surroundings, effectiveCores(this.#surroundings));
    this.#collector = new IsolatedCollector(collector, this.#clock, 2_000);
  }

  sample() {
    const { target } = this.#surroundings;
    if (target.kind === 'process') target.tree.refresh();
    this.#collector.sample(this.#clock.nowMs);
    this.#clock.nowMs += 2_000;
    return this.#collector.current;
  }
}

/** `cpu.stat` of a version 2 group. */
export const usage = (microseconds: number) => `usage_usec ${microseconds}\nuser_usec 1\nsystem_usec 1\n`;
/** /proc/stat of four cores, with `each` as the columns of every core. */
export const stat = (...cores: readonly string[]) => {
  const columns = cores.map((core) => core.split(' ').map(Number));
  const total = (columns[0] ?? []).map((_, index) => columns.reduce((sum, each) => sum + (each[index] ?? 0), 0));
  return [`cpu  ${total.join(' ')}`, ...cores.map((core, index) => `cpu${index} ${core}`), ''].join('\n');
};
