import { err, ok, type Result } from '../../shared/contract/result.ts';
import { closeOnExec, dontWait, type LibC, loadLibC } from '../../shared/process/libc.ts';
import { dumpRequest, numberRequest, readBatch, SocketMessage, tcpState } from './socket-messages.ts';
import { type Unavailable, unavailable } from './unavailable.ts';

/** Constants of <sys/socket.h> and <linux/netlink.h>. */
const netlink = { family: 16, rawType: 3, socketDiagnostics: 4 } as const;
/** Asks recv for the true length, so that a cut message is noticed. */
const tellTruncated = 0x20;
/** The kernel fills at most 32 KiB at a time. */
const bufferBytes = 64 * 1024;
/** More sockets than this in one dump are refused rather than let the agent eat the machine. */
const maxSockets = 250_000;

const states = [tcpState.established, tcpState.closeWait, tcpState.listen];

/** Visits every TCP socket that can queue (established, half closed, listening), listening ones first. */
export interface SocketSource {
  dump(visit: (socket: SocketMessage) => void): Result<number, Unavailable>;
}

/**
 * The kernel's socket diagnostics over netlink, as `ss` uses them. Node.js has no netlink sockets, and starting `ss`
 * costs several milliseconds of CPU a time, so libc is called directly. One descriptor is kept open; after anything
 * unexpected it is closed, so that leftovers of one dump never become part of the next.
 */
export class SocketDiagnostics implements SocketSource, Disposable {
  readonly #buffer = new Uint8Array(bufferBytes);
  readonly #request = dumpRequest(states);
  readonly #message = new SocketMessage();
  #libc: LibC | null = null;
  #fd = -1;
  #sequence = 0;

  /** Loads what is needed, so that the first dump is not a slow one. Failing is left to that dump. */
  prepare(): void {
    this.#load();
  }

  /** Returns how many sockets were visited. */
  dump(visit: (socket: SocketMessage) => void): Result<number, Unavailable> {
    const libc = this.#load();
    if (!libc.ok) return libc;
    if (this.#fd < 0)
      this.#fd = libc.value.socket(netlink.family, netlink.rawType | closeOnExec, netlink.socketDiagnostics);
    if (this.#fd < 0) {
      return err(refusalOf(libc.value.errno()));
    }
    let complete = false;
    try {
      const dumped = this.#ask(libc.value, visit);
      complete = dumped.ok;
      return dumped;
    } finally {
      if (!complete) this[Symbol.dispose]();
    }
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) this.#libc?.close(this.#fd);
    this.#fd = -1;
  }

  #ask(libc: LibC, visit: (socket: SocketMessage) => void): Result<number, Unavailable> {
    this.#sequence = (this.#sequence + 1) >>> 0;
    const request = this.#request;
    numberRequest(request, this.#sequence);
    if (libc.send(this.#fd, request, request.length, 0) !== request.length) {
      return err(failed(`the question was not sent (errno ${libc.errno()})`));
    }
    let sockets = 0;
    const count = (socket: SocketMessage) => {
      sockets += 1;
      visit(socket);
    };
    for (;;) {
      // The kernel makes the next part of a dump within this call, so there is nothing to wait for.
      const received = libc.recv(this.#fd, this.#buffer, bufferBytes, dontWait | tellTruncated);
      if (received <= 0) return err(failed(`the dump broke off (errno ${libc.errno()})`));
      if (received > bufferBytes) return err(failed('a part of the dump is larger than our buffer'));
      const end = readBatch(new DataView(this.#buffer.buffer, 0, received), this.#sequence, this.#message, count);
      if (end === 'done') return ok(sockets);
      if (end !== 'more') return err(failed(end.error));
      if (sockets > maxSockets) return err(failed(`over ${maxSockets} sockets`));
    }
  }

  #load(): Result<LibC, Unavailable> {
    try {
      this.#libc ??= loadLibC();
      return ok(this.#libc);
    } catch (error) {
      // most often packages that were installed on another platform and copied: into an image, or onto a server
      const why = `libc cannot be called on ${process.platform} ${process.arch}: ${firstLine(error)}`;
      return err(unavailable('not-supported', `${why} Install the packages on this platform.`));
    }
  }
}

/** EPERM, EACCES, and EAFNOSUPPORT, by which systemd refuses: something forbids the agent to ask. */
const forbidden: ReadonlySet<number> = new Set([1, 13, 97]);

/** Why no socket could be made to ask with. */
export function refusalOf(errno: number): Unavailable {
  if (!forbidden.has(errno)) return unavailable('not-supported', `no socket diagnostics here (errno ${errno})`);
  const by = "SELinux, seccomp, or RestrictAddressFamilies= without AF_NETLINK in the agent's unit";
  return unavailable('no-permission', `socket diagnostics are forbidden (errno ${errno}), as by ${by}`);
}

function failed(detail: string): Unavailable {
  return unavailable('failed', `socket diagnostics: ${detail}`);
}

function firstLine(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
}
