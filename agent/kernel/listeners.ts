import { SocketAddress } from 'node:net';
import { endianness } from 'node:os';
import { parseCount } from './numbers.ts';

/** A socket that listens. */
export interface Listener {
  /** As inet_ntop(3) writes it; an IPv4 address in dotted form on an IPv6 socket, too. 0.0.0.0 and :: are any address. */
  readonly address: string;
  readonly inode: string;
  /** The user who made it. */
  readonly uid: number;
}

/** TCP_LISTEN as /proc/net/tcp writes it. */
const listening = '0A';

/** Those that listen on a port, from the text of /proc/net/tcp or tcp6. */
export function parseListeners(text: string, port: number): readonly Listener[] {
  const wanted = port.toString(16).toUpperCase().padStart(4, '0');
  const listeners: Listener[] = [];
  for (const line of text.split('\n').slice(1)) {
    const [, local, , state, , , , user, , inode] = line.trim().split(/\s+/);
    if (state !== listening || !local?.endsWith(`:${wanted}`) || inode === undefined) continue;
    const [address, uid] = [addressOf(local.slice(0, -wanted.length - 1)), parseCount(user)];
    if (address !== null && uid !== null) listeners.push({ address, inode, uid });
  }
  return listeners;
}

/** The one spelling of an address by which two can be compared; null where the text is none. */
export function canonicalAddress(text: string): string | null {
  const family = text.includes(':') ? 'ipv6' : 'ipv4';
  try {
    return new SocketAddress({ address: text, family }).address.replace(/^::ffff:(?=\d+\.)/, '');
  } catch {
    return null;
  }
}

/** Words of 32 bits, each in the order of this machine's processor. */
function addressOf(hex: string): string | null {
  if (!/^(?:[\dA-F]{8}|[\dA-F]{32})$/.test(hex)) return null;
  const bytes = Buffer.from(hex, 'hex');
  if (endianness() === 'LE') bytes.swap32();
  if (bytes.length === 4) return bytes.join('.');
  return canonicalAddress(bytes.toString('hex').replaceAll(/(.{4})(?=.)/g, '$1:'));
}
