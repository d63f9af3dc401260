import { endianness } from 'node:os';

/** Layouts of <linux/netlink.h>, <linux/inet_diag.h> and <linux/sock_diag.h>. Addresses and ports are big-endian. */
const littleEndian = endianness() === 'LE';
const headerBytes = 16;
const messageType = { error: 2, done: 3 } as const;
const dumpFlags = 0x301; // NLM_F_REQUEST | NLM_F_ROOT | NLM_F_MATCH
const flagDumpInterrupted = 0x10;
/** The request of 2.6 that still gives IPv4 and IPv6 in one walk of the kernel's table: the newer one takes two. */
export const tcpDiagGetSock = 18;
const requestBytes = headerBytes + 60;
const extensionMemory = 7; // INET_DIAG_SKMEMINFO
const attributesOffset = headerBytes + 72;
const ipv6 = 10;

export const tcpState = { established: 1, closeWait: 8, listen: 10 } as const;

/** Asks for every socket of the given states, with the sizes of its buffers. `numberRequest` makes it ready to send. */
export function dumpRequest(states: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(requestBytes);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, requestBytes, littleEndian);
  view.setUint16(4, tcpDiagGetSock, littleEndian);
  view.setUint16(6, dumpFlags, littleEndian);
  view.setUint8(headerBytes + 3, 1 << (extensionMemory - 1));
  const mask = states.reduce((bits, state) => bits | (1 << state), 0);
  view.setUint32(headerBytes + 52, mask, littleEndian);
  return bytes;
}

/** The answers to a request carry its number. */
export function numberRequest(request: Uint8Array, sequence: number): void {
  new DataView(request.buffer, request.byteOffset).setUint32(8, sequence, littleEndian);
}

/**
 * One socket, read where it lies: the same object stands for one message after the other, because ten thousand
 * sockets a second are to leave no garbage. Valid only within the call that it is given to.
 */
export class SocketMessage {
  #view: DataView = new DataView(new ArrayBuffer(0));
  #start = 0;
  #memory = -1;

  /** Points at the message that starts at `start`; false where it is too short for a socket. */
  moveTo(view: DataView, start: number, length: number): boolean {
    this.#view = view;
    this.#start = start;
    this.#memory = -1;
    if (length < attributesOffset) return false;
    for (let offset = start + attributesOffset; offset + 4 <= start + length; ) {
      const size = view.getUint16(offset, littleEndian);
      const type = view.getUint16(offset + 2, littleEndian);
      if (size < 4 || offset + size > start + length) break;
      if (type === extensionMemory && size >= 4 + 16) this.#memory = offset + 4;
      offset += (size + 3) & ~3;
    }
    return true;
  }

  get state(): number {
    return this.#view.getUint8(this.#start + headerBytes + 1);
  }

  get localPort(): number {
    return this.#view.getUint16(this.#start + headerBytes + 4);
  }

  get inode(): number {
    return this.#word(68);
  }

  /** Bytes that wait to be read; for a listening socket, connections that wait to be accepted. */
  get receiveQueue(): number {
    return this.#word(56);
  }

  /** Bytes that the peer has not acknowledged; for a listening socket, its backlog. */
  get sendQueue(): number {
    return this.#word(60);
  }

  /** Size of the receive buffer in bytes; 0 where the kernel did not say. */
  get receiveBufferBytes(): number {
    return this.#memory < 0 ? 0 : this.#view.getUint32(this.#memory + 4, littleEndian);
  }

  get sendBufferBytes(): number {
    return this.#memory < 0 ? 0 : this.#view.getUint32(this.#memory + 12, littleEndian);
  }

  get local(): string {
    return this.#endpoint(8, this.localPort);
  }

  get peer(): string {
    return this.#endpoint(24, this.#view.getUint16(this.#start + headerBytes + 6));
  }

  /** The local address without its port; an IPv4 one reads the same on an IPv6 socket. `null` stands for any address. */
  get localAddress(): string | null {
    const address = this.#address(8);
    return address === '0.0.0.0' || address === '::' ? null : address;
  }

  #word(offset: number): number {
    return this.#view.getUint32(this.#start + headerBytes + offset, littleEndian);
  }

  #endpoint(offset: number, port: number): string {
    const address = this.#address(offset);
    return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
  }

  #address(offset: number): string {
    const start = this.#start + headerBytes + offset;
    if (this.#view.getUint8(this.#start + headerBytes) !== ipv6) return dottedQuad(this.#view, start);
    return ipv6Text(this.#view, start);
  }
}

function dottedQuad(view: DataView, start: number): string {
  return [0, 1, 2, 3].map((byte) => view.getUint8(start + byte)).join('.');
}

function ipv6Text(view: DataView, start: number): string {
  const groups = [0, 1, 2, 3, 4, 5, 6, 7].map((group) => view.getUint16(start + 2 * group).toString(16));
  const text = groups.join(':');
  // An IPv4 connection that an IPv6 socket accepted.
  if (text.startsWith('0:0:0:0:0:ffff:')) return dottedQuad(view, start + 12);
  return text.replace(/(?:^|:)0(?::0)+(?::|$)/, '::');
}

/** How a batch of messages ended: there are more to come, that was all, or the dump cannot be used. */
export type BatchEnd = 'more' | 'done' | { readonly error: string };

/** Visits each socket in what one receive call returned. Never throws on malformed bytes. */
export function readBatch(
  view: DataView,
  sequence: number,
  message: SocketMessage,
  visit: (socket: SocketMessage) => void,
): BatchEnd {
  for (let offset = 0; offset + headerBytes <= view.byteLength; ) {
    const length = view.getUint32(offset, littleEndian);
    if (length < headerBytes || offset + length > view.byteLength) return { error: 'a message is cut short' };
    if (view.getUint32(offset + 8, littleEndian) !== sequence) return { error: 'an answer to another question' };
    if ((view.getUint16(offset + 6, littleEndian) & flagDumpInterrupted) !== 0)
      return { error: 'the dump was disturbed' };
    const type = view.getUint16(offset + 4, littleEndian);
    if (type === messageType.done) return 'done';
    if (type === messageType.error) return { error: `the kernel refused (errno ${errorNumber(view, offset, length)})` };
    if (type === tcpDiagGetSock && message.moveTo(view, offset, length)) visit(message);
    offset += (length + 3) & ~3;
  }
  return 'more';
}

function errorNumber(view: DataView, offset: number, length: number): number {
  return length < headerBytes + 4 ? 0 : -view.getInt32(offset + headerBytes, littleEndian);
}
