/** One whole response of HTTP/1.1. */
export interface Response {
  readonly status: number;
  /** The server ends the connection after it. */
  readonly closes: boolean;
  /** Header `x-server`: which server answered; null where the header is missing. */
  readonly server: string | null;
}

const headEnd = '\r\n\r\n';

/**
 * Finds responses in a stream that comes in pieces, one after the other: bodies by content-length or in chunks, which is
 * what HAProxy and Node.js send. Throws an Error for anything else: a load that guesses would count wrongly.
 */
export class ResponseParser {
  #text = '';

  /** Whether a part of a response is there. */
  get hasPart(): boolean {
    return this.#text !== '';
  }

  /** The response that this piece ends; null: it goes on. Bytes after the response are an Error: no request asked for them. */
  push(piece: string): Response | null {
    this.#text = this.#text === '' ? piece : this.#text + piece;
    const text = this.#text;
    const headLength = text.indexOf(headEnd);
    if (headLength < 0) return null;
    const head = text.slice(0, headLength);
    const status = Number(head.slice(9, 12));
    if (!head.startsWith('HTTP/1.') || !(status >= 200 && status <= 599)) throw new Error(`no response: ${head}`);
    const end = bodyEnd(text, head, headLength + headEnd.length);
    if (end === null || text.length < end) return null;
    if (text.length > end) throw new Error('more bytes than the response has');
    this.#text = '';
    const closes = head.startsWith('HTTP/1.0') || header(head, 'connection')?.toLowerCase() === 'close';
    return { status, closes, server: header(head, 'x-server') };
  }
}

/** Where the body that begins at `start` ends; null where that is not known yet. */
function bodyEnd(text: string, head: string, start: number): number | null {
  const length = header(head, 'content-length');
  if (length !== null) return start + Number(length);
  if (header(head, 'transfer-encoding')?.toLowerCase() !== 'chunked') throw new Error('the body has no length');
  for (let at = start; ; ) {
    const lineEnd = text.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (!(size >= 0)) throw new Error('no chunk size');
    at = lineEnd + 2 + size + 2;
    if (size === 0) return at;
  }
}

function header(head: string, name: string): string | null {
  const lower = head.toLowerCase();
  const at = lower.indexOf(`\r\n${name}:`);
  if (at < 0) return null;
  const start = at + name.length + 3;
  const end = head.indexOf('\r\n', start);
  return head.slice(start, end < 0 ? undefined : end).trim();
}
