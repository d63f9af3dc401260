import fc from 'fast-check';
import { fileOf } from '../corpus.ts';
import { edits } from '../input/cases.ts';
import { share } from '../input/draws.ts';
import type { Edit } from '../input/edits.ts';

const samples = 3;
/** Most files that change between two samples. */
const maxChanges = 3;

export const socketDump = fileOf('test/recorded/socket-dump.hex')
  .toString('utf8')
  .trim()
  .split('\n')
  .map((line) => Buffer.from(line, 'hex'));

/** What happens to one file. */
export interface FileChange {
  readonly kind: 'edited' | 'removed' | 'made a folder';
  /** Which file, and which one is mixed into it: shares of the list of files. */
  readonly file: number;
  readonly other: number;
  readonly edit: Edit;
}

export interface Step {
  /** An edit for each part of the kernel's socket dump; null where the kernel has no socket diagnostics. */
  readonly dump: readonly Edit[] | null;
  /** After the sample. */
  readonly changes: readonly FileChange[];
  readonly elapsedMs: number;
}

/** What happens to a machine's kernel files before the first sample, and at and after each one. */
export interface KernelHistory {
  readonly before: readonly FileChange[];
  readonly steps: readonly Step[];
}

const kind = fc.oneof(
  { weight: 18, arbitrary: fc.constant<FileChange['kind']>('edited') },
  { weight: 1, arbitrary: fc.constant<FileChange['kind']>('removed') },
  { weight: 1, arbitrary: fc.constant<FileChange['kind']>('made a folder') },
);
const fileChange: fc.Arbitrary<FileChange> = fc.record({ kind, file: share, other: share, edit: edits });
const changes = fc.array(fileChange, { maxLength: maxChanges });

const unchanged = fc.constant<Edit>((bytes) => bytes);
const dump = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(...socketDump.map(() => fc.oneof(unchanged, edits))) },
  { weight: 1, arbitrary: fc.constant(null) },
);
const step: fc.Arbitrary<Step> = fc.record({ dump, changes, elapsedMs: fc.integer({ min: 1_000, max: 12_999 }) });

export const kernelHistories: fc.Arbitrary<KernelHistory> = fc.record({
  before: fc.oneof(fc.constant([]), changes),
  steps: fc.array(step, { minLength: samples, maxLength: samples }),
});
