import { type Figures, Group } from './group.ts';
import { type LoadFigures, LoadMeter } from './load.ts';
import type { JtlSample } from './sample.ts';

export interface SummaryOptions {
  /** The column that requests are grouped by. */
  readonly by: 'server' | 'label';
  /** The time within which requests count for `withinShare`, in ms. */
  readonly withinMs: number;
  /** Requests sent within this time after the first line's request are left out, in ms. Failures without a time count. */
  readonly warmupMs: number;
  /** Response times count from when a request was due, if the file says so, not from when it was sent. */
  readonly fromDue: boolean;
}

export interface Summary {
  readonly load: LoadFigures;
  readonly all: Figures;
  /** Sorted by name; `-` are requests that no server answered. */
  readonly groups: readonly (Figures & { readonly name: string })[];
  readonly warmupRequests: number;
}

/** Most groups that are counted separately; a file may have a million. */
const maxGroups = 200;
const otherGroups = 'other';

/** Adds up samples in constant memory. */
export class JtlSummary {
  readonly #options: SummaryOptions;
  readonly #load = new LoadMeter();
  readonly #all: Group;
  readonly #groups = new Map<string, Group>();
  #warmUntilMs: number | null = null;
  #warmupRequests = 0;

  constructor(options: SummaryOptions) {
    this.#options = options;
    this.#all = new Group(options.withinMs);
  }

  add(sample: JtlSample): void {
    const { by, withinMs, warmupMs, fromDue } = this.#options;
    const { sentAtMs, dueAtMs, elapsedMs } = sample;
    if (sentAtMs !== null) {
      this.#warmUntilMs ??= sentAtMs + warmupMs;
      if (warmupMs > 0 && sentAtMs < this.#warmUntilMs) {
        this.#warmupRequests += 1;
        return;
      }
    }
    const lateMs = fromDue && sentAtMs !== null && dueAtMs !== null ? Math.max(0, sentAtMs - dueAtMs) : 0;
    const name = sample[by] === '' ? '-' : sample[by];
    const known = this.#groups.has(name) || this.#groups.size < maxGroups ? name : otherGroups;
    const group = this.#groups.get(known) ?? new Group(withinMs);
    this.#groups.set(known, group);
    this.#load.add(sample);
    for (const each of [this.#all, group]) each.add(sample, elapsedMs === null ? null : elapsedMs + lateMs);
  }

  get summary(): Summary {
    const names = [...this.#groups].sort(([one], [other]) => one.localeCompare(other, 'en', { numeric: true }));
    return {
      load: this.#load.figures(),
      all: this.#all.figures(),
      groups: names.map(([name, group]) => ({ name, ...group.figures() })),
      warmupRequests: this.#warmupRequests,
    };
  }
}
