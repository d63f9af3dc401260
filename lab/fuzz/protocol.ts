import type { MemorySample } from './memory.ts';

/** What a child runs. Case `n` of a seed is always the same. */
export interface Assignment {
  readonly target: string;
  readonly seed: number;
  readonly firstCase: number;
  /** null: until it is told to stop. */
  readonly cases: number | null;
  /** Where it writes the number of the case that it is at: the parent reads it there when the child hangs. */
  readonly positionFile: string;
}

export interface Failure {
  readonly case: number;
  /** What was violated, and where. */
  readonly why: string;
  /** The bytes of the case, made smaller as long as it fails in the same way; '' where they are unknown. */
  readonly inputBase64: string;
}

/** How far a child is; it sends one every half second and a last one. */
export interface Progress {
  readonly cases: number;
  /** Each outcome and how many cases had it, the most frequent first. */
  readonly outcomes: readonly (readonly [string, number])[];
  readonly failures: readonly Failure[];
  /** CPU time of the slowest case, in ms, and its number. */
  readonly slowest: { readonly cpuMs: number; readonly case: number };
  readonly memory: readonly MemorySample[];
  /** Descriptors after the first cases and at the end; null until known. */
  readonly descriptors: { readonly before: number | null; readonly after: number | null };
  readonly done: boolean;
}
