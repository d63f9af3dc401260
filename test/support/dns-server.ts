import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';

/** A machine that an SRV record names. */
export interface Target {
  /** Such as `n1.test.local`. */
  readonly name: string;
  /** IPv4. */
  readonly address: string;
  readonly port: number;
  /** 0 to 65,535. */
  readonly weight: number;
}

export interface DnsServer extends AsyncDisposable {
  readonly port: number;
  /** Questions that were answered so far. */
  readonly answered: number;
  /** What answers say from now on. */
  set(targets: readonly Target[]): void;
}

const types = { a: 1, srv: 33 } as const;
const ttlSeconds = 1;
const headerBytes = 12;
/** Points to the name of the question, which follows the header. */
const questionName = Buffer.from([0xc0, headerBytes]);

/** A DNS server (RFC 1035, RFC 2782) on UDP of loopback: every SRV question is answered with the targets and their addresses. */
export async function dnsServer(initial: readonly Target[]): Promise<DnsServer> {
  let targets = initial;
  let answered = 0;
  const socket = createSocket('udp4');
  socket.on('message', (query, { port, address }) => {
    socket.send(answerTo(query, targets), port, address);
    answered += 1;
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    port: (socket.address() as AddressInfo).port,
    get answered() {
      return answered;
    },
    set: (next) => {
      targets = next;
    },
    [Symbol.asyncDispose]: async () => {
      const closed = once(socket, 'close');
      socket.close();
      await closed;
    },
  };
}

function answerTo(query: Buffer, targets: readonly Target[]): Buffer {
  const nameEnd = query.indexOf(0, headerBytes) + 1;
  const question = query.subarray(headerBytes, nameEnd + 4);
  const type = query.readUInt16BE(nameEnd);
  const asked = readName(query.subarray(headerBytes, nameEnd));
  const known = type === types.srv ? targets : targets.filter(({ name }) => name === asked);
  const answers =
    type === types.srv
      ? known.map((target) => record(questionName, types.srv, srvData(target)))
      : known.map((target) => record(questionName, types.a, addressData(target)));
  const extra =
    type === types.srv ? known.map((target) => record(nameOf(target.name), types.a, addressData(target))) : [];
  // a response, authoritative; without an error, or "no such name"
  const flags = known.length > 0 ? 0x8580 : 0x8583;
  const counts = [1, answers.length, 0, extra.length];
  return Buffer.concat([query.subarray(0, 2), words(flags, ...counts), question, ...answers, ...extra]);
}

function record(name: Buffer, type: number, data: Buffer): Buffer {
  return Buffer.concat([name, words(type, 1, 0, ttlSeconds, data.length), data]);
}

function srvData({ name, port, weight }: Target): Buffer {
  return Buffer.concat([words(1, weight, port), nameOf(name)]);
}

function addressData({ address }: Target): Buffer {
  return Buffer.from(address.split('.').map(Number));
}

function words(...values: readonly number[]): Buffer {
  return Buffer.from(values.flatMap((value) => [value >> 8, value & 0xff]));
}

function nameOf(name: string): Buffer {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)]));
  return Buffer.concat([...labels, Buffer.from([0])]);
}

function readName(bytes: Buffer): string {
  const labels: string[] = [];
  for (let at = 0; (bytes[at] ?? 0) > 0; at += 1 + (bytes[at] ?? 0)) {
    labels.push(bytes.toString('latin1', at + 1, at + 1 + (bytes[at] ?? 0)));
  }
  return labels.join('.');
}
