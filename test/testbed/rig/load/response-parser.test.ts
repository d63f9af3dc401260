import test from 'ava';
import fc from 'fast-check';
import { type Response, ResponseParser } from '../../../../testbed/rig/load/response-parser.ts';

const good = { status: 200, closes: false, server: 's1' };
const responses: readonly { readonly name: string; readonly text: string; readonly says: Response }[] = [
  {
    name: 'with a length',
    text: 'HTTP/1.1 200 OK\r\nX-Server: s1\r\nContent-Length: 4\r\n\r\n\r\n\r\n',
    says: good,
  },
  {
    name: 'in chunks',
    text: 'HTTP/1.1 200 OK\r\nx-server: s1\r\ntransfer-encoding: chunked\r\n\r\na\r\n0123456789\r\n2\r\n0\r\r\n0\r\n\r\n',
    says: good,
  },
  {
    name: 'that ends the connection',
    text: 'HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\nConnection: close\r\n\r\n',
    says: { status: 503, closes: true, server: null },
  },
  {
    name: 'of HTTP/1.0',
    text: 'HTTP/1.0 504 Gateway Timeout\r\ncontent-length: 0\r\n\r\n',
    says: { status: 504, closes: true, server: null },
  },
];

for (const { name, text, says } of responses) {
  test(`a response ${name}, in whatever pieces it comes`, (t) => {
    const cut = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }));
    fc.assert(
      fc.property(cut, (places) => {
        const ends = [...places.toSorted((a, b) => a - b), text.length];
        const pieces = ends.map((end, index) => text.slice(ends[index - 1] ?? 0, end));
        const parser = new ResponseParser();
        const told = pieces.map((piece) => parser.push(piece));
        const last = told.pop();
        return told.every((each) => each === null) && JSON.stringify(last) === JSON.stringify(says) && !parser.hasPart;
      }),
    );
    t.pass();
  });
}

const refused = [
  { name: 'no HTTP', text: 'SSH-2.0-OpenSSH_9.2\r\n\r\n', message: /no response/ },
  { name: 'a body without a length', text: 'HTTP/1.1 200 OK\r\n\r\n', message: /no length/ },
  { name: 'more than the response', text: `HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nab`, message: /more bytes/ },
  {
    name: 'no chunk size',
    text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n',
    message: /chunk size/,
  },
];

for (const { name, text, message } of refused) {
  test(`${name} is an error, not a guess`, (t) => {
    t.throws(() => new ResponseParser().push(text), { message });
  });
}
