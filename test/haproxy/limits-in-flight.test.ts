import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { HeldRequests, webSocketKey } from './held-requests.ts';
import { expectOk, haproxyTest as test } from './setup.ts';

/* What a limit counts: requests, or in tcp mode connections, from their start to their end. The same on 2.6 to 3.4. */

test('HTTP/2: requests are counted, not connections', async (t) => {
  const frontends = [{ name: 'h2', bind: 'unix@h2.sock proto h2', backend: 'web' }];
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 2' }, frontends });
  const createConnection = () => connect(join(web.haproxy.folder, 'h2.sock'));
  const session = connectHttp2('http://a', { createConnection });
  const asked = ['a', 'b', 'c', 'd', 'e'].map(async (path) => {
    const stream = session.request({ ':path': `/${path}` });
    const [headers] = await once(stream, 'response');
    await text(stream);
    return headers[':status'];
  });
  await web.shows({ s1: '2+0', BACKEND: '5+3' });
  t.deepEqual(await web.answerAll(asked), [200, 200, 200, 200, 200]);
  session.destroy();
});

test('idle connections are not in flight: of clients with keep-alive, and those kept for http-reuse', async (t) => {
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 2' }, lines: ['http-reuse always'] });
  const agent = new Agent({ keepAlive: true });
  const socketPath = join(web.haproxy.folder, 'http.sock');
  const ask = async (path: string) => {
    const [response] = await once(request({ socketPath, path, headers: { host: 'a' }, agent }).end(), 'response');
    await text(response);
    return response.statusCode;
  };
  for (const round of [1, 2]) {
    const asked = ['a', 'b', 'c', 'd'].map((path) => ask(`/${path}${round}`));
    await web.shows({ s1: '2+0', BACKEND: '4+2' });
    t.deepEqual(await web.answerAll(asked), [200, 200, 200, 200]);
    await web.shows({ s1: '0+0', BACKEND: '0+0' });
    t.is(Object.values(agent.freeSockets)[0]?.length, 4);
  }
  agent.destroy();
});

test('tcp: a connection counts from its start, even if its client sends nothing', async (t) => {
  await using web = await HeldRequests.start({ mode: 'tcp', servers: { s1: 'maxconn 1', s2: 'maxconn 1' } });
  const idle = [1, 2].map(() => connect(join(web.haproxy.folder, 'http.sock')));
  await web.shows({ s1: '1+0', s2: '1+0' });
  const asked = web.ask('a');
  await web.shows({ BACKEND: '3+1' });
  expectOk(await web.haproxy.api.setLimits('web', [{ server: 's1', limit: 2 }]));
  await web.shows({ s1: '2+0', BACKEND: '3+0' });
  t.deepEqual(await web.answerAll([asked]), [200]);
  for (const each of idle) each.destroy();
});

test('a slow client: its request counts once HAProxy has its head, its body may take as long as it likes', async (t) => {
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 1' } });
  const socketPath = join(web.haproxy.folder, 'http.sock');
  const half = connect(socketPath);
  half.write('GET /half HTTP/1.1\r\nhost: a\r\n');
  await web.shows({ s1: '0+0', BACKEND: '0+0' });
  const slow = request({ socketPath, path: '/slow', method: 'POST', headers: { host: 'a', 'content-length': 2 } });
  slow.write('1');
  await web.shows({ s1: '1+0' });
  const behind = web.ask('behind');
  await web.shows({ BACKEND: '2+1' });
  slow.end('2');
  await web.answer('slow');
  t.deepEqual(await web.answerAll([behind]), [200]);
  half.destroy();
});

test('long polls, WebSockets and downloads that are read slowly are in flight all the time, without any work', async (t) => {
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 3' } });
  const socketPath = join(web.haproxy.folder, 'http.sock');
  const poll = web.ask('poll');
  const headers = { host: 'a', connection: 'upgrade', upgrade: 'websocket', 'sec-websocket-key': webSocketKey };
  const [, webSocket] = await once(request({ socketPath, path: '/socket', headers }).end(), 'upgrade');
  // nothing reads it
  const [download] = await once(request({ socketPath, path: '/download', agent: false }).end(), 'response');
  await web.shows({ s1: '3+0', BACKEND: '3+0' });
  const waiting = web.ask('waiting');
  await web.shows({ s1: '3+0', BACKEND: '4+1' });
  webSocket.destroy();
  await web.answer('waiting');
  t.is(await waiting, 200);
  download.destroy();
  t.deepEqual(await web.answerAll([poll]), [200]);
  await web.shows({ s1: '0+0', BACKEND: '0+0' });
});
