import { type Metric, type MetricName, type Snapshot, snapshotSchema } from '../../shared/contract/snapshot.ts';
import { unavailable } from '../kernel/unavailable.ts';
import type { Sample, Sampler } from '../sample/sampler.ts';

/**
 * The snapshot as it is served: held against the schema that the controller reads it with, and written as JSON once a
 * sample however many ask. Only the age differs between answers.
 */
export class SnapshotBody {
  readonly #sampler: Sampler;
  #made: { readonly sample: Sample; readonly checked: Snapshot; readonly json: string } | null = null;

  constructor(sampler: Sampler) {
    this.#sampler = sampler;
  }

  /** null before the first sample. */
  json(): string | null {
    const made = this.#make();
    if (made === null) return null;
    return `{"ageMs":${this.#sampler.ageMs},${made.json.slice(1)}\n`;
  }

  /** The latest sample, checked; null before the first. */
  snapshot(): Snapshot | null {
    const made = this.#make();
    return made === null ? null : { ...made.checked, ageMs: this.#sampler.ageMs };
  }

  #make() {
    const sample = this.#sampler.latest;
    if (sample === null) return null;
    if (this.#made?.sample !== sample) {
      const checked = checkSample(sample);
      const { ageMs: _, ...rest } = checked;
      this.#made = { sample, checked, json: JSON.stringify(rest) };
    }
    return this.#made;
  }
}

/** Fields that a reader must not count on. */
const optionalFields = ['machine', 'machineCores', 'warnings', 'pressure', 'memoryEvents'] as const;

/** A metric that does not fit the schema (a NaN, say) becomes unavailable; the others are served. */
export function checkSample(sample: Sample): Snapshot {
  const snapshot = { ...sample, ageMs: 0 };
  const parsed = snapshotSchema.safeParse(snapshot);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  const broken = new Map(
    issues.flatMap(({ path, message }) =>
      path[0] === 'metrics' ? [[path[1], `${path.join('.')}: ${message}`] as const] : [],
    ),
  );
  const check = <Name extends MetricName>(name: Name): Metric<Name> => {
    const detail = broken.get(name);
    return detail === undefined
      ? sample.metrics[name]
      : unavailable('failed', `the collector returned nonsense: ${detail}`);
  };
  const [cpu, ram, bandwidth] = [check('cpu'), check('ram'), check('bandwidth')];
  const [threads, tcpQueues] = [check('threads'), check('tcpQueues')];
  const fitting = { ...snapshot, metrics: { cpu, ram, bandwidth, threads, tcpQueues } };
  // What is optional is left out rather than served wrong.
  for (const key of optionalFields) if (issues.some(({ path }) => path[0] === key)) delete fitting[key];
  return snapshotSchema.parse(fitting);
}
