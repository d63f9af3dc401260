/*
 * By hand, not with rotating-file-stream or winston's file transport: they are streams, which take lines and do not say which
 * of them reached the disk. Here each append succeeds or fails, so the recorder can count what was lost.
 */

import { open, rename, rm, stat } from 'node:fs/promises';

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Only this user may read it: a recording tells addresses and traffic. */
const mode = 0o600;
const newline = 0x0a;

export interface RotatingFileOptions {
  /** The newest; FILE.1 is the one before, and so on. */
  readonly file: string;
  /** The file is put aside before it would grow beyond this; a single line may. */
  readonly maxBytes: number;
  /** How many there may be, the newest included; the oldest is overwritten. */
  readonly files: number;
}

/**
 * Appends whole lines. The file is opened for each: so one that was removed, moved or put back meanwhile is
 * found out at once, which an open file would hide. What a crash or a full disk left as half a line is ended first.
 */
export async function appendLines(lines: string, { file, maxBytes, files }: RotatingFileOptions): Promise<void> {
  const bytes = await sizeOf(file);
  if (bytes > 0 && bytes + Buffer.byteLength(lines) > maxBytes) await rotate(file, files);
  await using handle = await open(file, 'a+', mode);
  const facts = await handle.stat();
  if (!facts.isFile()) throw Object.assign(new Error('not a regular file'), { code: 'not a regular file' });
  const start = (await endsWithinLine(handle, facts.size)) ? '\n' : '';
  await handle.appendFile(start + lines);
}

async function sizeOf(file: string): Promise<number> {
  try {
    return (await stat(file)).size;
  } catch (error) {
    return isMissing(error) ? 0 : Promise.reject(error);
  }
}

async function rotate(file: string, files: number): Promise<void> {
  const nameOf = (age: number) => (age === 0 ? file : `${file}.${age}`);
  if (files === 1) await rm(file);
  for (let age = files - 1; age > 0; age -= 1) {
    await rename(nameOf(age - 1), nameOf(age)).catch((error: unknown) => {
      if (!isMissing(error)) throw error;
    });
  }
}

async function endsWithinLine(handle: FileHandle, size: number): Promise<boolean> {
  if (size === 0) return false;
  const { buffer } = await handle.read({ buffer: Buffer.alloc(1), position: size - 1 });
  return buffer[0] !== newline;
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ENOENT';
}
