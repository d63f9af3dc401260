import { demand } from '../violation.ts';

export interface Answer {
  readonly status: number;
  readonly body: string;
  /** The server said that it is the last one on this connection. */
  readonly closes: boolean;
}

export interface ReadAnswers {
  readonly answers: readonly Answer[];
  /** Bytes of an answer that is not complete. */
  readonly cut: boolean;
}

const statusLine = /^HTTP\/1\.1 (\d{3}) [A-Za-z' -]+$/;
const header = /^([A-Za-z0-9-]+): ([\x20-\x7e]*)$/;
const next = 'HTTP/1.1 ';

/**
 * Reads what a server sent on one connection, strictly. `isHead` says whether the request of this number was a HEAD, which
 * gets no body; null where that is not known. Throws a Violation for anything that is not a well-formed answer.
 */
export function readAnswers(text: string, isHead: (index: number) => boolean | null): ReadAnswers {
  const answers: Answer[] = [];
  let start = 0;
  while (start < text.length) {
    const end = text.indexOf('\r\n\r\n', start);
    if (end < 0) return { answers, cut: true };
    const [first = '', ...lines] = text.slice(start, end).split('\r\n');
    const [, status] = statusLine.exec(first) ?? [];
    demand(status !== undefined, () => `an answer starts with ${JSON.stringify(first.slice(0, 80))}`);
    demand(answers.at(-1)?.closes !== true, 'an answer follows the one that was said to be the last');
    const headers = readHeaders(lines);
    const closes = headers.get('connection')?.toLowerCase() === 'close';
    const from = end + 4;
    const length = bodyLength(headers, closes);
    const noBody = isHead(answers.length) ?? (length > 0 && (from === text.length || text.startsWith(next, from)));
    const until = noBody ? from : from + length;
    if (until > text.length) return { answers, cut: true };
    answers.push({ status: Number(status), body: text.slice(from, until), closes });
    start = until;
  }
  return { answers, cut: false };
}

function readHeaders(lines: readonly string[]): ReadonlyMap<string, string> {
  return new Map(
    lines.map((line) => {
      const [, name, value] = header.exec(line) ?? [];
      demand(name !== undefined && value !== undefined, () => `an answer has the header ${JSON.stringify(line)}`);
      return [name.toLowerCase(), value];
    }),
  );
}

function bodyLength(headers: ReadonlyMap<string, string>, closes: boolean): number {
  demand(!headers.has('transfer-encoding'), 'an answer has a transfer-encoding');
  const length = headers.get('content-length');
  // the short refusal of Node.js itself
  if (length === undefined && closes) return 0;
  demand(/^\d+$/.test(length ?? ''), () => `an answer has the content-length ${length}`);
  return Number(length);
}
