import { err, ok, type Result } from '../contract/result.ts';
import { closeOnExec, dontWait, type LibC, loadLibC } from './libc.ts';
import { unixAddress, unixFamily } from './unix-address.ts';

/** Constants of <sys/socket.h> on Linux. */
const datagramType = 2;
const noSignal = 0x4000;

/**
 * Sends datagrams to a UNIX socket, which Node.js cannot: it has streams only. libc is called directly, and loaded by the
 * first of these, as it takes 6 MiB. Sending never waits: a full queue is an error like any other. Errors are short texts.
 */
export class DatagramSocket implements Disposable {
  /** The address as it was given. */
  readonly name: string;
  readonly #libc: LibC;
  readonly #address: Uint8Array;
  #fd: number;

  /** `address` is a path, or a name in the abstract namespace behind an `@`, as sd_notify(3) has it. */
  static to(address: string): Result<DatagramSocket, string> {
    const bytes = unixAddress(address);
    if (bytes === null) return err('not a path from / nor a name behind @, of at most 107 bytes');
    try {
      const libc = loadLibC();
      const fd = libc.socket(unixFamily, datagramType | closeOnExec, 0);
      return fd < 0 ? err(`no socket (errno ${libc.errno()})`) : ok(new DatagramSocket(address, bytes, libc, fd));
    } catch (error) {
      return err(`libc cannot be called here: ${(error as Error).message}`);
    }
  }

  private constructor(name: string, address: Uint8Array, libc: LibC, fd: number) {
    this.name = name;
    this.#address = address;
    this.#libc = libc;
    this.#fd = fd;
  }

  send(text: string): Result<null, string> {
    const bytes = Buffer.from(text);
    const address = this.#address;
    const sent = this.#libc.sendto(this.#fd, bytes, bytes.length, dontWait | noSignal, address, address.length);
    return sent === bytes.length ? ok(null) : err(`not sent (errno ${this.#libc.errno()})`);
  }

  [Symbol.dispose](): void {
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }
}
