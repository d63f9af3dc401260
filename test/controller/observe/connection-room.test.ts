import type { IncomingMessage, ServerResponse } from 'node:http';
import test from 'ava';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { AgentRound } from '../../../controller/observe/agent-round.ts';
import { connectionsThatFit, connectionsWithin } from '../../../controller/observe/connection-room.ts';
import { hadNoConnection } from '../../../shared/contract/problems/agent.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { blackHole } from '../../support/black-hole.ts';
import { httpServer } from '../../support/http-server.ts';
import { snapshot } from '../../support/snapshot.ts';

test('half of a small limit of open files is left to others, and 320 of a large one', (t) => {
  t.is(connectionsWithin(64, 24), 20);
  t.is(connectionsWithin(1_024, 24), 680);
  t.is(connectionsWithin(65_536, 36), 65_180);
  t.is(connectionsWithin(20, 24), 1);
  t.true((connectionsThatFit() ?? 0) > 0);
});

test('more agents than connections: all are asked, never over the bound, and that is said once', async (t) => {
  const said: number[] = [];
  let [open, mostOpen] = [0, 0];
  const body = JSON.stringify(snapshot());
  const seen = new WeakSet<object>();
  const onRequest = ({ socket }: IncomingMessage, response: ServerResponse) => {
    if (!seen.has(socket)) {
      seen.add(socket);
      open += 1;
      mostOpen = Math.max(mostOpen, open);
      socket.on('close', () => {
        open -= 1;
      });
    }
    response.end(body);
  };
  await using agent = await httpServer(onRequest, '0.0.0.0');
  using client = new AgentClient({
    timeoutMs: 30_000,
    token: null,
    mostConnections: 5,
    onFull: (most) => said.push(most),
  });
  for (let tick = 0; tick < 3; tick += 1) {
    const round = new AgentRound(client);
    // each an origin of its own
    const urls = Array.from({ length: 50 }, (_, index) => `http://127.0.0.${index + 1}:${agent.port}`);
    const answers = await Promise.all(urls.map((url) => round.ask(url, 's')));
    t.true(answers.every(({ ok }) => ok));
  }
  // the other side learns a little later that a connection was closed
  t.true(mostOpen <= 10, `${mostOpen}`);
  t.deepEqual(said, [5]);
});

test('agents that hang on all connections: the others are told so when their time is over', async (t) => {
  await using hole = await blackHole();
  using client = new AgentClient({ timeoutMs: 600_000, token: null, mostConnections: 2 });
  const hanging = new AbortController();
  const ask = (path: string, signal: AbortSignal) => client.fetch(`http://127.0.0.1:${hole.port}/${path}`, 's', signal);
  const asked = ['a', 'b'].map((path) => ask(path, hanging.signal));
  const answer = await ask('c', AbortSignal.timeout(50));
  t.true(!answer.ok && hadNoConnection(answer.error));
  t.is(answer.ok ? '' : answer.error.code, 'agent-timeout', 'the code of those that hang: they take turns');
  hanging.abort();
  for (const each of await Promise.all(asked)) t.false(!each.ok && hadNoConnection(each.error));
  const next = new AbortController();
  const last = ask('d', next.signal);
  await until('it has a connection', () => [...hole.sockets].some(({ destroyed }) => !destroyed));
  next.abort();
  t.false((await last).ok);
});

test('where the process has no descriptor left, idle connections are closed', async (t) => {
  const body = JSON.stringify(snapshot());
  const connections = new Set<object>();
  await using agent = await httpServer(({ socket }, response) => {
    connections.add(socket);
    response.end(body);
  });
  using client = new AgentClient({ timeoutMs: 30_000, token: null, mostConnections: 8 });
  for (const expected of [1, 1]) {
    t.true((await client.fetch(agent.url, 's')).ok);
    t.is(connections.size, expected, 'one connection is kept');
  }
  client.makeRoom();
  t.true((await client.fetch(agent.url, 's')).ok);
  t.is(connections.size, 2);
});
