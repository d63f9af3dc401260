import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';

/** Flags of socket(2), send(2) and recv(2) on Linux. */
export const closeOnExec = 0o2000000;
export const dontWait = 0x40;
export const nonBlocking = 0o4000;

/**
 * What Node.js cannot do goes to libc directly: netlink, datagrams of UNIX sockets, who is at their other end, waiting for
 * children, and ending at once.
 */
export interface LibC {
  socket(family: number, type: number, protocol: number): number;
  connect(fd: number, address: Uint8Array, addressLength: number): number;
  /** `length` has one element: the bytes of `value`, and afterwards those that were written. */
  getsockopt(fd: number, level: number, name: number, value: Uint8Array, length: Uint32Array): number;
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
  /** `status` is not asked for. */
  waitpid(pid: number, status: null, options: number): number;
  /** _exit(2): ends the process, whatever its threads do. */
  exit(code: number): void;
  errno(): number;
}

type Koffi = typeof import('koffi');

/**
 * Loaded only when it is needed: it costs 6 MiB of memory. Throws where the packages are of another platform, or no libc has
 * these functions; what needs them goes on without.
 */
export function loadLibC(): LibC {
  const koffi = createRequire(import.meta.url)('koffi') as Koffi;
  return firstThatWorks(libcNames(), (name) => bind(koffi, name));
}

/** This program itself, which libc is a part of; else libc by its name: that of glibc, or of musl (Alpine), which has the processor in it. */
function libcNames(): readonly (string | null)[] {
  return [null, 'libc.so.6', ...namesIn('/lib').filter((name) => /^libc\.musl-[\w-]+\.so\.1$/.test(name))];
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** What `make` makes of the first name that it does not throw for. Throws the first error where it throws for all. */
export function firstThatWorks<Name, Made>(names: readonly Name[], make: (name: Name) => Made): Made {
  const errors: unknown[] = [];
  for (const name of names) {
    try {
      return make(name);
    } catch (error) {
      errors.push(error);
    }
  }
  throw errors[0] ?? new Error('there is nothing to load');
}

function bind(koffi: Koffi, name: string | null): LibC {
  const library = koffi.load(name);
  return {
    socket: library.func('int socket(int, int, int)'),
    connect: library.func('int connect(int, const uint8_t *, uint32_t)'),
    getsockopt: library.func('int getsockopt(int, int, int, _Out_ uint8_t *, _Inout_ uint32_t *)'),
    send: library.func('intptr_t send(int, const uint8_t *, size_t, int)'),
    sendto: library.func('intptr_t sendto(int, const uint8_t *, size_t, int, const uint8_t *, uint32_t)'),
    recv: library.func('intptr_t recv(int, _Out_ uint8_t *, size_t, int)'),
    close: library.func('int close(int)'),
    waitpid: library.func('int waitpid(int, void *, int)'),
    exit: library.func('void _exit(int)'),
    errno: () => koffi.errno(),
  };
}
