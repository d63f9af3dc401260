import type fc from 'fast-check';

/** Something that reads what comes from outside. A case is nothing but bytes, so that any can be kept as a file. */
export interface Target {
  readonly cases: fc.Arbitrary<Buffer>;
  /** Starts what cases need: servers, processes. */
  open(): Promise<OpenTarget> | OpenTarget;
}

export interface OpenTarget extends AsyncDisposable {
  /** Runs a case and gives what came of it in a few words, for the table. Whatever it throws is a failure. */
  check(input: Buffer): Promise<string> | string;
  /** The process whose memory and descriptors are watched, where that is not this one. */
  readonly watchedPid?: number;
  /** CPU time of this process that a case may take, in ms for a small input; default 250. */
  readonly maxCpuMs?: number;
  /** And for each KiB of a large one; default 2. */
  readonly cpuMsPerKib?: number;
}

/** For targets that need nothing. */
export function stateless(check: OpenTarget['check']): OpenTarget {
  return { check, [Symbol.asyncDispose]: async () => {} };
}

/** Splits a case into its first bytes, which say how it is played, and the rest, which is what is read. */
export function splitInput(input: Buffer, head: number): readonly [readonly number[], Buffer] {
  return [Array.from({ length: head }, (_, index) => input[index] ?? 0), input.subarray(head)];
}

/** The choice that a byte stands for. */
export function chosen<Value>(byte: number, list: readonly [Value, ...Value[]]): Value {
  return list[byte % list.length] ?? list[0];
}
