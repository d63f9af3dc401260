import { isUtf8 } from 'node:buffer';
import { ProblemError } from '../../shared/contract/problem.ts';
import { type JtlFault, jtlFaults, jtlInvalid } from '../../shared/contract/problems/jtl.ts';

const [nul, newline, carriageReturn] = [0x00, 0x0a, 0x0d];

/**
 * Turns a file's bytes into lines that end in a newline: UTF-16 (as spreadsheets and PowerShell write) becomes UTF-8, NUL
 * bytes (as a crash leaves them) are left out, and a carriage return ends a line too.
 */
export class TextBytes {
  readonly #file: string;
  #decoder: InstanceType<typeof TextDecoder> | null = null;
  #isFirst = true;
  #endsInReturn = false;
  /** NUL bytes that were left out. */
  nuls = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Throws a ProblemError if the first bytes are those of a compressed file. */
  add(chunk: Buffer): Buffer {
    if (this.#isFirst) this.#begin(chunk);
    this.#isFirst = false;
    const bytes = this.#decoder === null ? chunk : Buffer.from(this.#decoder.decode(chunk, { stream: true }));
    return this.#withNewlines(this.#withoutNuls(bytes));
  }

  #begin(chunk: Buffer): void {
    const fault = compressed(chunk);
    if (fault !== null) throw new ProblemError(jtlInvalid(this.#file, fault));
    const encoding = wideEncoding(chunk);
    if (encoding !== null) this.#decoder = new TextDecoder(encoding);
  }

  #withoutNuls(bytes: Buffer): Buffer {
    if (!bytes.includes(nul)) return bytes;
    const kept = Buffer.allocUnsafe(bytes.length);
    let length = 0;
    for (const byte of bytes) {
      if (byte === nul) continue;
      kept[length] = byte;
      length += 1;
    }
    this.nuls += bytes.length - length;
    return kept.subarray(0, length);
  }

  /** A pair of carriage return and newline may be split between two pieces. */
  #withNewlines(bytes: Buffer): Buffer {
    const from = this.#endsInReturn && bytes[0] === newline ? 1 : 0;
    if (bytes.length > 0) this.#endsInReturn = bytes.at(-1) === carriageReturn;
    let at = bytes.indexOf(carriageReturn);
    if (at === -1) return bytes.subarray(from);
    const parts: Buffer[] = [];
    let start = from;
    for (; at !== -1; at = bytes.indexOf(carriageReturn, at + 1)) {
      if (bytes[at + 1] === newline) {
        parts.push(bytes.subarray(start, at));
        start = at + 1;
      } else bytes[at] = newline;
    }
    parts.push(bytes.subarray(start));
    return parts.length === 1 ? bytes.subarray(start) : Buffer.concat(parts);
  }
}

function compressed(chunk: Buffer): JtlFault | null {
  if (chunk[0] === 0x1f && chunk[1] === 0x8b) return jtlFaults.gzip;
  if (chunk.subarray(0, 4).equals(Buffer.from('PK\u0003\u0004'))) return jtlFaults.zip;
  return null;
}

/** By its byte order mark, or because every second byte of the first letters is 0. */
function wideEncoding([one = 0, two = 0, three = 0, four = 0]: Buffer): string | null {
  if ((one === 0xff && two === 0xfe) || (isLetter(one) && two === nul && isLetter(three) && four === nul))
    return 'utf-16le';
  if ((one === 0xfe && two === 0xff) || (one === nul && isLetter(two) && three === nul && isLetter(four)))
    return 'utf-16be';
  return null;
}

function isLetter(byte: number): boolean {
  return byte > 0x20 && byte < 0x7f;
}

const western = new TextDecoder('windows-1252');

/** UTF-8, or else the Western code page of Windows: two labels that differ must not become the same. */
export function decodeText(bytes: Buffer): string {
  return isUtf8(bytes) ? bytes.toString('utf8') : western.decode(bytes);
}
