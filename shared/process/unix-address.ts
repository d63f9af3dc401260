import { endianness } from 'node:os';

/** Constant of <sys/socket.h> on Linux. */
export const unixFamily = 1;
/** Bytes of `sun_path` in <sys/un.h>. */
const maxPathBytes = 108;

/**
 * A `struct sockaddr_un` of a path, or of a name in the abstract namespace behind an `@` (as sd_notify(3) has it) or a zero
 * byte (as Node.js has it); null for a text that is neither.
 */
export function unixAddress(text: string): Uint8Array | null {
  if (!/^[/@\0]./s.test(text) || text.includes('\0', 1)) return null;
  const path = Buffer.from(text);
  if (path.length >= maxPathBytes) return null;
  if (path[0] === '@'.charCodeAt(0)) path[0] = 0;
  // as long as it is: the kernel itself ends a path with a zero byte (unix(7))
  const bytes = new Uint8Array(2 + path.length);
  new DataView(bytes.buffer).setUint16(0, unixFamily, endianness() === 'LE');
  bytes.set(path, 2);
  return bytes;
}
