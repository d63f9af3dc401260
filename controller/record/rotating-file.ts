/*
 * By hand, not with rotating-file-stream or winston's file transport: they are streams, which take lines and do not say which
 * of them reached the disk. Here each append succeeds or fails, so the recorder can count what was lost.
 */

import { type FileHandle, rename, rm } from 'node:fs/promises';
import { openRecording, realFile, sizeOfRecording } from './record-target.ts';

const newline = 0x0a;

export interface RotatingFileOptions {
  /** The newest; FILE.1 is the one before, and so on. */
  readonly file: string;
  /** The file is rotated before it grows beyond this; only a single longer line may exceed it. */
  readonly maxBytes: number;
  /** How many there may be, the newest included; the oldest is overwritten. */
  readonly files: number;
}

/**
 * Appends whole lines. The file is opened for each append: an open file would hide that it was removed, moved or replaced
 * meanwhile. Half a line that a crash or a full disk left is ended first. A file that holds something else than a recording is
 * neither appended to nor renamed.
 */
export async function appendLines(lines: string, { file, maxBytes, files }: RotatingFileOptions): Promise<void> {
  const path = await realFile(file);
  const bytes = await sizeOfRecording(path);
  if (bytes > 0 && bytes + Buffer.byteLength(lines) > maxBytes) await rotate(path, files);
  await using handle = await openRecording(path);
  const { size } = await handle.stat();
  const start = (await endsWithinLine(handle, size)) ? '\n' : '';
  await handle.appendFile(start + lines);
}

/** Throws where one of the files that are written, renamed or overwritten is something else. Makes and changes nothing. */
export async function checkFiles({ file, files }: Pick<RotatingFileOptions, 'file' | 'files'>): Promise<void> {
  const path = await realFile(file);
  for (let age = 0; age < files; age += 1) await sizeOfRecording(nameOf(path, age));
}

function nameOf(path: string, age: number): string {
  return age === 0 ? path : `${path}.${age}`;
}

async function rotate(path: string, files: number): Promise<void> {
  await checkFiles({ file: path, files });
  if (files === 1) await rm(path);
  for (let age = files - 1; age > 0; age -= 1) {
    await rename(nameOf(path, age - 1), nameOf(path, age)).catch((error: unknown) => {
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
