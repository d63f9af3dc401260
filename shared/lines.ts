/*
 * By hand, not with split2: that drops a line over its limit without a trace, so the numbers of the lines after it would
 * be wrong; it applies the limit only at the end of a chunk; and it does not tell a last line without a newline.
 */

/** One line of a file, counted from 1. */
export interface Line {
  readonly number: number;
  /** Without the newline; null: longer than the limit, and skipped. */
  readonly text: string | null;
  /** Whether it ends in a newline; only a file's last line may not. */
  readonly ended: boolean;
}

const newline = 0x0a;

/** Lines of a stream of bytes, one at a time: no more than one line of at most `maxBytes` is held. */
export async function* splitLines(chunks: AsyncIterable<Buffer>, maxBytes: number): AsyncGenerator<Line> {
  let parts: Buffer[] = [];
  let bytes = 0;
  let number = 1;
  const add = (part: Buffer) => {
    bytes += part.length;
    if (bytes > maxBytes) parts = [];
    else parts.push(part);
  };
  const text = () => (bytes > maxBytes ? null : Buffer.concat(parts).toString('utf8'));
  for await (const chunk of chunks) {
    let start = 0;
    for (let end = chunk.indexOf(newline); end !== -1; end = chunk.indexOf(newline, start)) {
      add(chunk.subarray(start, end));
      yield { number, text: text(), ended: true };
      number += 1;
      parts = [];
      bytes = 0;
      start = end + 1;
    }
    add(chunk.subarray(start));
  }
  if (bytes > 0) yield { number, text: text(), ended: false };
}
