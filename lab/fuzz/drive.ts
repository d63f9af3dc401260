import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from './folder.ts';
import { memoryFault } from './memory.ts';
import type { Assignment, Failure, Progress } from './protocol.ts';

export interface Drive extends Omit<Assignment, 'whereabouts'> {
  /** How long it is to play, in ms. */
  readonly playMs: number;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: Progress) => void;
}

/** How a target came through. */
export interface Outcome {
  readonly target: string;
  readonly seconds: number;
  readonly progress: Progress;
  readonly failures: readonly Failure[];
  /** What is wrong with the run as a whole. */
  readonly faults: readonly string[];
}

/** A child that is at the same case for so long hangs, in ms: far beyond what a case may take on a busy machine. */
const hangMs = 60_000;
const watchMs = 1_000;
/** What it may take to start, stop and settle, in ms. */
const maxDescriptorsMore = 4;
const child = new URL('./child.ts', import.meta.url).pathname;

/** Plays cases in a process of their own, which is killed where it hangs. */
export async function drive({ playMs, signal, onProgress, ...assignment }: Drive): Promise<Outcome> {
  using folder = temporaryFolder();
  const whereabouts = join(folder.path, 'case');
  const options = {
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'] as ['ignore', 'ignore', 'pipe', 'ipc'],
  };
  const playing = fork(child, [JSON.stringify({ ...assignment, whereabouts })], options);
  const startMs = performance.now();
  let progress: Progress = emptyProgress;
  let errors = '';
  let hangsAt: number | null = null;
  playing.on('message', (message) => {
    progress = message as Progress;
    onProgress(progress);
  });
  playing.stderr?.setEncoding('utf8').on('data', (text: string) => {
    errors = (errors + text).slice(-4_000);
  });
  const stop = () => {
    if (playing.connected) playing.send('stop');
  };
  const timer = setTimeout(stop, playMs);
  signal.addEventListener('abort', stop, { once: true });
  let [lastSeen, seenMs] = ['', performance.now()];
  const watch = setInterval(() => {
    const now = at(whereabouts);
    if (now !== lastSeen || progress.done) [lastSeen, seenMs] = [now, performance.now()];
    if (performance.now() - seenMs < hangMs) return;
    hangsAt = Number(lastSeen);
    playing.kill('SIGKILL');
  }, watchMs);
  const [code] = (await once(playing, 'exit')) as [number | null];
  clearTimeout(timer);
  clearInterval(watch);
  signal.removeEventListener('abort', stop);
  const failures = [...progress.failures];
  const lost = (why: string) => failures.push({ case: Number(at(whereabouts)), why, inputBase64: '' });
  if (hangsAt !== null) lost(`it hangs: no end within ${hangMs / 1_000} s`);
  else if (code !== 0 || !progress.done) lost(`the process ended with code ${code}: ${lastLines(errors)}`);
  const seconds = (performance.now() - startMs) / 1_000;
  return { target: assignment.target, seconds, progress, failures, faults: faultsOf(progress) };
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

function faultsOf({ memory, descriptors: { before, after } }: Progress): readonly string[] {
  const growth = memoryFault(memory);
  const leak =
    before !== null && after !== null && after > before + maxDescriptorsMore
      ? `${after} descriptors are open at the end, ${before} at the start`
      : null;
  return [growth, leak].filter((fault) => fault !== null);
}

function at(whereabouts: string): string {
  try {
    return readFileSync(whereabouts, 'utf8').split('\n', 1)[0] ?? '';
  } catch {
    // it has not started yet
    return '';
  }
}

function lastLines(text: string): string {
  return text.trim().split('\n').slice(-8).join(' | ').slice(0, 800);
}
