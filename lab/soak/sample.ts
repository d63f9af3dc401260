/** One reading of a process. */
export interface ProcessSample {
  readonly pid: number;
  readonly residentMiB: number;
  /** Since the process began, in ms. */
  readonly cpuMs: number;
  readonly descriptors: number;
  /** Heap and buffers in use after a garbage collection, in MiB; null where this sample did not ask for it. */
  readonly liveMiB: number | null;
}

/** One reading of everything; times in ms since the start of the soak. */
export interface Sample {
  readonly atMs: number;
  readonly cycle: number;
  /** No fault lasts at this moment, and none has lately. */
  readonly quiet: boolean;
  readonly controller: ProcessSample;
  /** By server; null while it does not run. */
  readonly agents: Readonly<Record<string, ProcessSample | null>>;
  readonly tickMs: number | null;
  readonly ticks: number;
  readonly skippedTicks: number;
  readonly weightsWritten: number;
  readonly recordedTicks: number;
  readonly lostTicks: number;
  readonly recordingBytes: number;
  readonly logBytes: number;
  readonly logLines: number;
  /** Weight over the sum of weights, by server; null while it is out of rotation. */
  readonly shares: Readonly<Record<string, number | null>>;
  /** Since the sample before. */
  readonly requests: number;
  readonly failed: number;
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** The longest delay in sending a request, in ms. */
  readonly sentLateMs: number;
  /** Part of the machine's CPU time that was in use, 0 to 1. */
  readonly machineBusy: number;
}

/** Everything as one line of CSV each, for a spreadsheet or a plot. */
export function toCsv(samples: readonly Sample[]): string {
  const rows = samples.map(flatten);
  const columns = [...new Set(rows.flatMap((row) => [...row.keys()]))];
  const lines = rows.map((row) => columns.map((column) => row.get(column)).join(','));
  return `${[columns.join(','), ...lines].join('\n')}\n`;
}

/** Nested keys are joined by a dot; null is an empty cell. */
function flatten(sample: Sample): ReadonlyMap<string, string> {
  const cells = new Map<string, string>();
  const add = (prefix: string, value: unknown) => {
    if (value === null) return;
    if (typeof value === 'object') {
      for (const [key, inner] of Object.entries(value as object)) add(prefix === '' ? key : `${prefix}.${key}`, inner);
    } else cells.set(prefix, typeof value === 'number' ? String(Math.round(value * 1e4) / 1e4) : String(value));
  };
  add('', sample);
  return cells;
}
