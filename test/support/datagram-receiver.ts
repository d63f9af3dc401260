import koffi from 'koffi';

const library = koffi.load(null);
const socket = library.func('int socket(int, int, int)');
const bind = library.func('int bind(int, const uint8_t *, uint32_t)');
const recv = library.func('intptr_t recv(int, _Out_ uint8_t *, size_t, int)');
const close = library.func('int close(int)');

const [unix, datagram, closeOnExec, dontWait] = [1, 2, 0o2000000, 0x40];

/** What systemd is to a service: a UNIX datagram socket that reads whatever comes. `@` begins an abstract name. */
export class DatagramReceiver implements Disposable {
  readonly address: string;
  readonly #fd: number;

  constructor(address: string) {
    this.address = address;
    const path = Buffer.from(address.startsWith('@') ? `\0${address.slice(1)}` : `${address}\0`);
    const name = Buffer.concat([new Uint8Array(new Uint16Array([unix]).buffer), path]);
    this.#fd = socket(unix, datagram | closeOnExec, 0) as number;
    if (bind(this.#fd, name, name.length) !== 0) throw new Error(`no socket at ${address}: errno ${koffi.errno()}`);
  }

  /** What has come since the last time, each message as its lines. */
  messages(): readonly (readonly string[])[] {
    const messages: string[][] = [];
    const bytes = new Uint8Array(65_536);
    for (;;) {
      const length = recv(this.#fd, bytes, bytes.length, dontWait) as number;
      if (length < 0) return messages;
      messages.push(Buffer.from(bytes.subarray(0, length)).toString().split('\n'));
    }
  }

  [Symbol.dispose](): void {
    close(this.#fd);
  }
}
