import { open } from 'node:fs/promises';
import { splitLines } from '../lines.ts';

/** What is read of it at most: the sockets of a large machine. */
const maxBytes = 32 * 1024 * 1024;
const maxLineBytes = 1_024;
/** `Flags` (of a socket that listens), `Type`, `St`, `Inode` and `Path` of proc_net(5); a name's zero byte is shown as `@`. */
const listening = /^\S+: \S+ \S+ 00010000 \S+ \S+ +\d+ @(haweight-[0-9a-f]{64})-([0-9a-f]{32})$/;

/**
 * Names of abstract UNIX sockets that listen now and are one of these with an ending, by the one without it. Empty where /proc
 * is missing.
 */
export async function listeningNames(wanted: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const names = new Map<string, string[]>(wanted.map((path) => [path, []]));
  try {
    await using file = await open('/proc/self/net/unix', 'r');
    const lines = splitLines(file.createReadStream({ end: maxBytes, autoClose: false }), maxLineBytes);
    for await (const { text } of lines) {
      const [, name, ending] = listening.exec(text ?? '') ?? [];
      const path = `\0${name}`;
      names.get(path)?.push(`${path}-${ending}`);
    }
  } catch {
    // then only the names themselves are asked
  }
  return names;
}
