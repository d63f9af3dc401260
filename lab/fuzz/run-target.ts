import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Child } from '../../testbed/rig/child.ts';
import { temporaryFolder } from './folder.ts';
import { memoryFailure } from './memory.ts';
import { leaksDescriptors } from './process-facts.ts';
import type { Assignment, Failure, Progress } from './protocol.ts';

export interface TargetRun extends Omit<Assignment, 'positionFile'> {
  readonly durationMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

export interface TargetResult {
  readonly target: string;
  readonly seconds: number;
  readonly progress: Progress;
  /** Of single cases. */
  readonly failures: readonly Failure[];
  /** Of the run as a whole. */
  readonly runFailures: readonly string[];
}

/** A child that stays at one case this long hangs, in ms: far longer than any case takes on a busy machine. */
const hangMs = 60_000;
const watchMs = 1_000;
const program = new URL('./child.ts', import.meta.url).pathname;

/** Runs cases in a process of their own, which is killed if it hangs. */
export async function runTarget({ durationMs, signal, onProgress, ...assignment }: TargetRun): Promise<TargetResult> {
  const { target } = assignment;
  using folder = temporaryFolder();
  const positionFile = join(folder.path, 'case');
  const startMs = performance.now();
  const command = [process.execPath, '--expose-gc', program, JSON.stringify({ ...assignment, positionFile })];
  await using child = new Child(target, command, { ipc: true });
  let progress: Progress = emptyProgress;
  child.process.on('message', (message) => {
    progress = message as Progress;
    onProgress(progress);
  });
  const stop = () => {
    if (child.process.connected) child.process.send('stop');
  };
  const timer = setTimeout(stop, durationMs);
  signal.addEventListener('abort', stop, { once: true });
  let [seen, seenMs] = ['', performance.now()];
  let hangs = false;
  const watch = setInterval(() => {
    const position = readPosition(positionFile);
    if (position !== seen || progress.done) [seen, seenMs] = [position, performance.now()];
    if (performance.now() - seenMs < hangMs) return;
    hangs = true;
    void child.kill();
  }, watchMs);
  const { code } = await child.ended;
  clearTimeout(timer);
  clearInterval(watch);
  signal.removeEventListener('abort', stop);
  const failures = [...progress.failures];
  const lose = (why: string) => failures.push({ case: Number(readPosition(positionFile)), why, inputBase64: '' });
  if (hangs) lose(`it hangs: no end within ${hangMs / 1_000} s`);
  else if (code !== 0 || !progress.done) lose(`the process ended with code ${code}: ${lastLines(child.stderr)}`);
  const seconds = (performance.now() - startMs) / 1_000;
  return { target, seconds, progress, failures, runFailures: runFailuresOf(progress) };
}

const emptyProgress: Progress = {
  cases: 0,
  outcomes: [],
  failures: [],
  slowest: { cpuMs: 0, case: 0 },
  memory: [],
  descriptors: { before: null, after: null },
  done: false,
};

function runFailuresOf({ memory, descriptors }: Progress): readonly string[] {
  const { before, after } = descriptors;
  const leak = leaksDescriptors(descriptors)
    ? `${after} descriptors are open at the end, ${before} at the start`
    : null;
  return [memoryFailure(memory), leak].filter((failure) => failure !== null);
}

/** The number of the case that the child is at; '' before the first one. */
function readPosition(positionFile: string): string {
  try {
    return readFileSync(positionFile, 'utf8').split('\n', 1)[0] ?? '';
  } catch {
    return '';
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-8).join(' | ').slice(0, 800);
}
