import type { MemoryEvents, Pressure } from '../../shared/contract/snapshot.ts';
import type { Cgroup } from '../kernel/cgroup.ts';
import { parseMemoryEvents, parsePressure } from '../kernel/pressure.ts';
import { SlowFact } from '../kernel/slow-fact.ts';
import { groupOf } from '../scope/groups.ts';
import type { Surroundings } from '../scope/target.ts';

/** What tells a real shortage from a full cache; each is left out where the kernel does not say. */
export interface Shortage {
  readonly pressure?: Pressure;
  readonly memoryEvents?: MemoryEvents;
}

/** The kernel works the averages out anew every 2 s; three quarters, because timers come a little early or late. */
const everyMs = 1_500;

/**
 * Reads the pressure of what is measured: of the machine, of the group, or of the group that the process is in. A group
 * of version 1 has none, and the machine's is not its own.
 */
export class ShortageReader {
  readonly #surroundings: Surroundings;
  readonly #latest: SlowFact<Shortage>;
  readonly #groupOfProcess: SlowFact<Cgroup | null>;
  #pid: number | null = null;
  #nowMs = 0;

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
    this.#latest = new SlowFact(() => this.#read(), everyMs);
    this.#groupOfProcess = new SlowFact(() => (this.#pid === null ? null : groupOf(surroundings.files, this.#pid)));
  }

  at(nowMs: number): Shortage {
    const { target } = this.#surroundings;
    const pid = target.kind === 'process' ? target.tree.rootPid : null;
    if (pid !== this.#pid) {
      this.#groupOfProcess.forget();
      this.#latest.forget();
    }
    this.#pid = pid;
    this.#nowMs = nowMs;
    return this.#latest.at(nowMs);
  }

  #read(): Shortage {
    const { target, files } = this.#surroundings;
    const group = target.kind === 'cgroup' ? target.cgroup : this.#groupOfProcess.at(this.#nowMs);
    if (target.kind === 'host' || group?.isRoot()) {
      return shortageOf((resource) => files.textOrNull(`/proc/pressure/${resource}`), null);
    }
    if (group === null) return {};
    return shortageOf((resource) => group.version2Text(`${resource}.pressure`), group.version2Text('memory.events'));
  }
}

function shortageOf(textOf: (resource: keyof Pressure) => string | null, events: string | null): Shortage {
  const stalled = (resource: keyof Pressure) => parsePressure(textOf(resource) ?? '');
  const pressure = { cpu: stalled('cpu'), memory: stalled('memory'), io: stalled('io') };
  const memoryEvents = parseMemoryEvents(events ?? '');
  const isKnown = Object.values(pressure).some((resource) => resource !== null);
  return { ...(isKnown ? { pressure } : {}), ...(memoryEvents === null ? {} : { memoryEvents }) };
}
