import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { type Problem, ProblemError } from '../../shared/contract/problem.ts';
import { recordingDamaged, recordingUnreadable } from '../../shared/contract/problems/recording.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { splitLines } from '../../shared/lines.ts';
import { parseLine } from './parse-line.ts';
import { maxLineBytes, type TickRecord } from './recording.ts';

/** Opening a pipe would wait for a writer. */
const readWithoutWaiting = constants.O_RDONLY | constants.O_NONBLOCK;
const chunkBytes = 64 * 1024;

interface OpenRecording {
  readonly path: string;
  readonly handle: FileHandle;
  /** Its first usable tick; null where it has none. */
  readonly first: TickRecord | null;
}

/** A tick and its line, or what is wrong with a line. Such a line is left out, and reading goes on after it. */
export type ReadTick = Result<{ readonly record: TickRecord; readonly where: string }, Problem>;

/**
 * The ticks of some recordings, oldest file first, in whatever order they are named. Files are read a line at a time, when
 * needed. All are opened at the start, so a controller that rotates them meanwhile changes nothing. Throws a ProblemError for a
 * file that cannot be read.
 */
export async function* readRecordings(paths: readonly string[]): AsyncGenerator<ReadTick> {
  await using handles = new AsyncDisposableStack();
  const recordings: OpenRecording[] = [];
  for (const path of paths) recordings.push(await openRecording(path, handles));
  recordings.sort(byTime);
  for (const recording of recordings) yield* readTicks(recording);
}

async function openRecording(path: string, handles: AsyncDisposableStack): Promise<OpenRecording> {
  try {
    const handle = handles.use(await open(path, readWithoutWaiting));
    const facts = await handle.stat();
    if (!facts.isFile()) throw Object.assign(new Error('not a file'), { code: 'not a regular file' });
    return { path, handle, first: await firstTick({ path, handle }) };
  } catch (cause) {
    throw new ProblemError(recordingUnreadable(path, (cause as NodeJS.ErrnoException).code ?? String(cause)));
  }
}

async function firstTick(recording: Omit<OpenRecording, 'first'>): Promise<TickRecord | null> {
  for await (const tick of readTicks(recording)) if (tick.ok) return tick.value.record;
  return null;
}

/** By the first tick's number within one run, because the wall clock may have been set back meanwhile; else by time. */
function byTime({ first: one }: OpenRecording, { first: other }: OpenRecording): number {
  if (one === null || other === null) return (one?.at ?? 0) - (other?.at ?? 0);
  const isSameRun = one.run === other.run && one.backend === other.backend;
  return isSameRun ? one.tick - other.tick : one.at - other.at;
}

async function* readTicks({ path, handle }: Omit<OpenRecording, 'first'>): AsyncGenerator<ReadTick> {
  try {
    for await (const line of splitLines(chunksOf(handle), maxLineBytes)) {
      if (line.text === '') continue;
      const where = `${path}:${line.number}`;
      const parsed = parseLine(line);
      yield parsed.ok ? ok({ record: parsed.value, where }) : err(recordingDamaged(where, parsed.error));
    }
  } catch (cause) {
    yield err(recordingDamaged(path, `reading failed: ${(cause as NodeJS.ErrnoException).code ?? String(cause)}`));
  }
}

/** From the beginning, each time. Not a stream, because that would close the handle at its end. */
async function* chunksOf(handle: FileHandle): AsyncGenerator<Buffer> {
  for (let position = 0; ; ) {
    const { bytesRead, buffer } = await handle.read({ buffer: Buffer.allocUnsafe(chunkBytes), position });
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}
