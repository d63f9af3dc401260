import { createRequire } from 'node:module';

/** Flags of socket(2), send(2) and recv(2) on Linux. */
export const closeOnExec = 0o2000000;
export const dontWait = 0x40;

/** What Node.js has no sockets for goes to libc directly: netlink and datagrams of UNIX sockets. */
export interface LibC {
  socket(family: number, type: number, protocol: number): number;
  send(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  sendto(
    fd: number,
    bytes: Uint8Array,
    length: number,
    flags: number,
    address: Uint8Array,
    addressLength: number,
  ): number;
  recv(fd: number, bytes: Uint8Array, length: number, flags: number): number;
  close(fd: number): number;
  errno(): number;
}

/** Loaded only when it is needed: it costs 6 MiB of memory. Throws where the packages are of another platform. */
export function loadLibC(): LibC {
  const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
  const library = koffi.load(null);
  return {
    socket: library.func('int socket(int, int, int)'),
    send: library.func('intptr_t send(int, const uint8_t *, size_t, int)'),
    sendto: library.func('intptr_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)'),
    recv: library.func('intptr_t recv(int, _Out_ uint8_t *, size_t, int)'),
    close: library.func('int close(int)'),
    errno: () => koffi.errno(),
  };
}
