import test from 'ava';
import type { Excess } from '../../../shared/net/excess-report.ts';
import { limits } from '../../../shared/net/limits.ts';
import { say, serve } from './support.ts';

// The clock stands still: no address gets new tokens, however slow this machine is.
const nowMs = performance.now();
performance.now = () => nowMs;
// ... and the clients here use as much of this thread as they like.
process.threadCpuUsage = () => ({ user: 0, system: 0 });

async function start() {
  const excesses: Excess[] = [];
  const server = await serve({
    token: 'a-token-of-at-least-16-characters',
    onExcess: (excess) => excesses.push(excess),
  });
  return { port: server.address.port, excesses, [Symbol.asyncDispose]: () => server.close() };
}

for (const [title, request, status] of [
  ['a request', 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n', 200],
  ['a path that needs a token', 'GET / HTTP/1.1\r\nhost: a\r\n\r\n', 401],
  ['an expectation', 'GET /healthz HTTP/1.1\r\nhost: a\r\nexpect: x\r\n\r\n', 417],
  ['an expectation to go on', 'GET /healthz HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\n\r\n', 200],
  ['no Host', 'GET /healthz HTTP/1.1\r\n\r\n', 400],
  ['an upgrade', 'GET /healthz HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: h2c\r\n\r\n', 200],
  ['a tunnel', 'CONNECT a:1 HTTP/1.1\r\nhost: a\r\n\r\n', 405],
  ['no HTTP', 'x\r\n\r\n', 400],
  ['another method', 'DELETE /healthz HTTP/1.1\r\nhost: a\r\n\r\n', 405],
] as const) {
  test.serial(`${title}, again and again: the rate limit sees it, and it is told once`, async (t) => {
    await using running = await start();
    const before = process.memoryUsage().rss;
    let all = '';
    for (let turn = 0; turn <= limits.requests.burst; turn += 1) {
      const answer = await say(running.port, request.repeat(5_000), { from: '127.0.0.9', end: true });
      if (answer === '') break;
      all += answer;
    }
    t.regex(all, new RegExp(`^HTTP/1\\.1 ${status} `));
    const answers = all.match(/HTTP\/1\.1 \d+ /g)?.length ?? 0;
    t.true(answers > 1 && answers <= limits.requests.burst, `${answers}`);
    t.true(process.memoryUsage().rss - before < 100 * 1024 * 1024);
    const rates = running.excesses.filter(({ kind }) => kind === 'rate');
    t.deepEqual(rates, [{ kind: 'rate', address: '127.0.0.9', addresses: 1, count: 1 }]);
    t.regex(await say(running.port, 'GET /healthz HTTP/1.1\r\nhost: a\r\n\r\n', { end: true }), /^HTTP\/1\.1 200 /);
  });
}
