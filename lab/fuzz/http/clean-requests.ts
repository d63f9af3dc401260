import { METHODS } from 'node:http';

/*
 * A second reader of requests, to compare a server with. It takes only what all readers of HTTP understand alike, so what it
 * has read needs exactly one answer each.
 */

export interface CleanRequest {
  readonly method: string;
  readonly path: string;
  readonly host: string;
  readonly authorization: string;
  readonly closes: boolean;
}

export interface ReadRequests {
  readonly clean: readonly CleanRequest[];
  /** What follows the last clean request. */
  readonly rest: string;
}

const maxHeadBytes = 4_096;
const requestLine = /^([A-Z-]+) (\/[\w./-]*) HTTP\/1\.1$/;
const header = /^([\w-]+): ?([\x20-\x7e]*)$/;
const commonHost = /^(?:127\.0\.0\.1|localhost|example\.org)(?::\d{1,5})?$/;
/** Headers that change how a request is read, or whether the connection goes on. */
const framing = /^(?:content-length|transfer-encoding|expect|upgrade|proxy-connection|te|trailer)$/;
/** CONNECT has another form. */
const methods = new Set(METHODS.filter((method) => method !== 'CONNECT'));

export function readRequests(bytes: Buffer): ReadRequests {
  const text = bytes.toString('latin1');
  const clean: CleanRequest[] = [];
  let start = 0;
  for (;;) {
    const end = text.indexOf('\r\n\r\n', start);
    const request = end < 0 || end - start > maxHeadBytes ? null : readHead(text.slice(start, end));
    if (request === null) return { clean, rest: text.slice(start) };
    clean.push(request);
    start = end + 4;
  }
}

function readHead(head: string): CleanRequest | null {
  const [first = '', ...lines] = head.split('\r\n');
  const [, method = '', path = ''] = requestLine.exec(first) ?? [];
  if (!methods.has(method)) return null;
  const values = new Map<string, string>();
  for (const line of lines) {
    const [, name = '', value = ''] = header.exec(line) ?? [];
    const key = name.toLowerCase();
    if (key === '' || framing.test(key) || values.has(key)) return null;
    values.set(key, value.trim());
  }
  const [host = '', connection = 'keep-alive'] = [values.get('host'), values.get('connection')];
  if (!commonHost.test(host) || (connection !== 'close' && connection !== 'keep-alive')) return null;
  return { method, path, host, authorization: values.get('authorization') ?? '', closes: connection === 'close' };
}

/**
 * The most answers that the rest may get: one for each version that could end a request line, and one that refuses what
 * follows. A request with a body is refused, so nothing after it may be answered.
 */
export function mostAnswers(rest: string): number {
  if (rest === '') return 0;
  const [head = ''] = rest.split(/\r\n\r\n/, 1);
  return saysBody(head) ? 1 : (rest.match(/(?:HTTP|RTSP|ICE)\//g)?.length ?? 0) + 1;
}

/** Whether the head of a request has a header that gives a body a length, however it is written. */
function saysBody(head: string): boolean {
  const lines = head.split('\r\n').slice(1);
  return lines.some((line) => /^(?:transfer-encoding:|content-length: ?[1-9]\d*$)/i.test(line));
}
