import test from 'ava';
import { ClosedLoop } from '../../../../testbed/rig/load/closed-loop.ts';
import type { Target } from '../../../../testbed/rig/load/connection.ts';
import { bad, good, serve } from './raw-server.ts';

const loopOf = (target: Target, connections: number, deadlineMs = 60_000) =>
  new ClosedLoop({ target, path: '/', connections, deadlineMs });

test('every request is counted once, over the connections that are there', async (t) => {
  await using server = await serve((socket) => socket.write(good));
  using load = loopOf(server.target, 4);
  const tally = await load.run(1_000);
  t.is(tally.requests, 1_000);
  t.is(tally.failed, 0);
  t.is(tally.latencies.count, 1_000);
  t.deepEqual([...tally.served], [['s1', 1_000]]);
  await load.run(10);
  t.is(server.connections, 4);
});

test('a 503, a broken connection, half an answer and no answer are failures of their kinds', async (t) => {
  await using server = await serve((socket, request) => {
    if (request === 10) socket.write(bad);
    else if (request === 20) socket.destroy();
    else if (request === 30) socket.end(good.slice(0, 20));
    // request 40 waits for ever
    else if (request !== 40) socket.write(good);
  });
  using load = loopOf(server.target, 2, 5_000);
  const tally = await load.run(100);
  t.is(tally.requests, 100);
  t.deepEqual(Object.fromEntries(tally.failures), { 503: 1, connection: 2, deadline: 1 });
  t.is(tally.latencies.count, 96);
});

test('where no server is, every request fails', async (t) => {
  // a port that no program gets by chance
  using load = loopOf({ host: '127.0.0.1', port: 1 }, 2);
  t.deepEqual(Object.fromEntries((await load.run(10)).failures), { connection: 10 });
});
