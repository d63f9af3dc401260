import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Collector } from '../../agent/collectors/collector.ts';
import { ProcRoot } from '../../agent/kernel/proc-root.ts';
import { resolveScope, type ScopeChoice } from '../../agent/scope/scope.ts';
import type { ConfiguredLimits, Surroundings } from '../../agent/scope/target.ts';
import type { Clock } from '../../shared/clock.ts';
import type { MetricName } from '../../shared/contract/snapshot.ts';

const recorded = new URL('../recorded/', import.meta.url).pathname;

export const nothingConfigured: ConfiguredLimits = {
  cores: null,
  memoryBytes: null,
  linkBitsPerSecond: null,
  threads: null,
  interface: null,
};

/** The scope of an agent in the group that it measures. */
export const ownGroup: ScopeChoice = { kind: 'cgroup', path: null };

export type TreeName =
  | 'host'
  | 'unit-v2'
  | 'container-v2'
  | 'container-v1'
  | 'zfs-arc'
  | 'hugepages-free'
  | 'cgroup-active-file'
  | 'cgroup-no-memory-controller'
  | 'cgroup-mount-root-above'
  | 'containerd-no-marks'
  | 'nomad-exec';

/** /proc/stat as the field has it, at `seconds` of a window of 2 s; see test/recorded/README.md. */
export function recordedStat(
  name: 'lxcfs-frozen-idle' | 'lxcfs-two-cpu-lines' | 'gvisor-zero' | 'steal-backwards',
  seconds: 0 | 2,
): string {
  return readFileSync(join(recorded, 'stat', `${name}.${seconds}`), 'utf8');
}

/** A copy of a recorded tree that a test may change; removed with the test. */
export class RecordedTree implements Disposable {
  readonly files: ProcRoot;
  readonly #folder = mkdtempSync(join(tmpdir(), 'haweight-test-'));

  constructor(name: TreeName) {
    cpSync(join(recorded, name), this.#folder, { recursive: true });
    this.files = new ProcRoot(this.#folder);
  }

  write(path: string, text: string): void {
    const file = this.#folder + path;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  /** Replaces text in a file; fails where it is not there. */
  change(path: string, from: string, to: string): void {
    const text = readFileSync(this.#folder + path, 'utf8');
    if (!text.includes(from)) throw new Error(`${path} has no "${from}"`);
    this.write(path, text.replace(from, to));
  }

  /** A descriptor of a process, as `ls -l /proc/PID/fd` shows it. */
  link(path: string, target: string): void {
    mkdirSync(dirname(this.#folder + path), { recursive: true });
    symlinkSync(target, this.#folder + path);
  }

  remove(path: string): void {
    rmSync(this.#folder + path, { recursive: true });
  }

  surroundings(scope: ScopeChoice, configured: Partial<ConfiguredLimits> = {}): Surroundings {
    return {
      files: this.files,
      units: { pageBytes: 4096, ticksPerSecond: 100 },
      target: resolveScope(this.files, scope),
      configured: { ...nothingConfigured, ...configured },
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true });
  }
}

/** Measures a recorded tree with a collector that needs one reading; the metric, or why it could not be read. */
export function measureWith<Name extends MetricName, Reading>(
  collectorOf: (surroundings: Surroundings) => Collector<Name, Reading>,
) {
  return (name: TreeName, scope: ScopeChoice, configured: Partial<ConfiguredLimits> = {}) => {
    using tree = new RecordedTree(name);
    const surroundings = tree.surroundings(scope, configured);
    if (surroundings.target.kind === 'process') surroundings.target.tree.refresh();
    const collector = collectorOf(surroundings);
    const read = collector.read(0);
    return read.ok ? collector.compute({ first: null, last: { atMs: 0, reading: read.value } }) : read.error;
  };
}

/** A clock that the test sets. */
export class HandClock implements Clock {
  nowMs = 1_000_000;

  monotonicMs(): number {
    return this.nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.nowMs;
  }
}

/** The receive calls of the recorded socket dump; see test/recorded/README.md. */
export function recordedSocketDump(): readonly DataView[] {
  const lines = readFileSync(join(recorded, 'socket-dump.hex'), 'utf8').trim().split('\n');
  return lines.map((line) => {
    const bytes = new Uint8Array(Buffer.from(line, 'hex'));
    return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  });
}
