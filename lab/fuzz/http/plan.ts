import { chosen, splitInput } from '../target.ts';
import { type ServerName, serverNames } from './server-kinds.ts';

/** How the bytes of a case reach a server. */
export interface Plan {
  readonly server: ServerName;
  /** Without TLS even where the server speaks it. */
  readonly isRaw: boolean;
  readonly hasCertificate: boolean;
  readonly delivery: Delivery;
  readonly connections: number;
  /** Where pieces end, in bytes, ascending. */
  readonly ends: readonly number[];
  readonly bytes: Buffer;
}

/** half: then closed; half-closed: all, and closed at once; unread: much, by a client that does not read. */
export type Delivery = 'whole' | 'pieces' | 'half' | 'half-closed' | 'reset' | 'left open' | 'unread';

/** First bytes of a case, which say how the rest is sent. */
export const headBytes = 9;
const mostConnections = 24;
const maxRepeatedBytes = 256 * 1024;
/** Enough to fill every buffer between two processes. */
const maxUnreadBytes = 1024 * 1024;
/** More are not sent one by one. */
const maxSingleBytes = 800;

export function planOf(input: Buffer): Plan {
  const [[kind = 0, way = 0, how = 0, many = 0, repeats = 0, ...cuts], rest] = splitInput(input, headBytes);
  const delivery = deliveryOf(how);
  const times = repeats < 190 ? 1 : 2 ** (1 + (repeats % 14));
  const bytes = repeated(rest, times, delivery === 'unread' ? maxUnreadBytes : maxRepeatedBytes);
  const singly = how % 4 === 0 && bytes.length <= maxSingleBytes;
  return {
    server: chosen(kind, serverNames),
    isRaw: way < 40,
    hasCertificate: way % 3 > 0,
    delivery,
    connections: many < 200 ? 1 : 2 + (many % (mostConnections - 1)),
    ends: singly
      ? Array.from(bytes.keys())
      : cuts.map((cut) => Math.floor((cut * bytes.length) / 256)).sort((a, b) => a - b),
    bytes,
  };
}

function deliveryOf(drawn: number): Delivery {
  if (drawn < 90) return 'whole';
  if (drawn < 170) return 'pieces';
  if (drawn < 185) return 'half';
  if (drawn < 200) return 'half-closed';
  if (drawn < 220) return 'reset';
  return drawn < 230 ? 'left open' : 'unread';
}

function repeated(bytes: Buffer, times: number, most: number): Buffer {
  const length = Math.min(bytes.length * times, Math.max(bytes.length, most));
  return bytes.length === 0 ? bytes : Buffer.alloc(length, bytes);
}
