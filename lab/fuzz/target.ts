import type fc from 'fast-check';

/** Code that reads input from outside. A case is bytes, so that it can be kept as a file. */
export interface Target {
  readonly cases: fc.Arbitrary<Buffer>;
  /** Starts what the cases need: servers, processes. */
  open(): Promise<OpenTarget> | OpenTarget;
}

export interface OpenTarget extends AsyncDisposable {
  /** Runs a case and returns its outcome in a few words, for the report. Anything it throws is a failure. */
  check(input: Buffer): Promise<string> | string;
  /** The process whose memory and descriptors are watched; default this one. */
  readonly watchedPid?: number;
  /** What is left on the heap of that process after a garbage collection, in bytes. */
  readonly heapBytes?: () => Promise<number>;
  /** Closes what cases left open on purpose, before descriptors are counted for the last time. */
  readonly settle?: () => void;
  /** CPU time of this process that any case may take, in ms; default 250. */
  readonly maxCpuMs?: number;
  /** And per KiB of input, in ms; default 2. */
  readonly cpuMsPerKib?: number;
}

/** For targets that start nothing. */
export function stateless(check: OpenTarget['check']): OpenTarget {
  return { check, [Symbol.asyncDispose]: async () => {} };
}

/** Splits a case into its first bytes, which say how it is run, and the rest, which is the input. */
export function splitInput(input: Buffer, head: number): readonly [readonly number[], Buffer] {
  return [Array.from({ length: head }, (_, index) => input[index] ?? 0), input.subarray(head)];
}

/** The item that a byte chooses. */
export function chosen<Value>(byte: number, list: readonly [Value, ...Value[]]): Value {
  return list[byte % list.length] ?? list[0];
}
