import test from 'ava';
import { holdSnapshot, readingOf } from '../../../controller/observe/agent-readings.ts';
import { ok } from '../../../shared/contract/result.ts';
import { Connections, LiveApp, untilMeasured } from '../../agent/live/support.ts';
import { snapshot } from '../../support/snapshot.ts';

test('connections that wait to be accepted fill the accept queue and no byte queue', async (t) => {
  const backlog = 4;
  await using app = await LiveApp.start('listen', backlog);
  using connections = new Connections();
  // one that is open and quiet, so that there are byte queues to add to
  await connections.open(app.port);
  app.child.signal('SIGSTOP');
  for (let count = 0; count <= backlog; count += 1) connections.begin(app.port);
  const metric = await untilMeasured({ kind: 'port', port: app.port }, {}, ({ tcpQueues }) =>
    tcpQueues.status === 'ok' && tcpQueues.raw.accept?.ratio === 1 ? tcpQueues : null,
  );
  const { receive, send, accept } = metric.raw;
  t.like(accept, { backlog });
  t.deepEqual([receive?.queuedBytes ?? 0, send?.queuedBytes ?? 0], [0, 0], 'not one byte waits');

  const held = holdSnapshot(ok(snapshot({ metrics: { ...snapshot().metrics, tcpQueues: metric } })), null, 0);
  const seen = (tcpQueueParts: readonly ('receive' | 'send' | 'accept')[]) => {
    const { reading } = readingOf('http://a', held, null, 0, { staleAfterMs: 3_000, tcpQueueParts });
    return reading.state === 'fresh' ? reading.utilisation.tcpQueues : 'stale';
  };
  t.is(seen(['receive', 'send', 'accept']), 1, 'a full accept queue is a full queue');
  t.is(seen(['accept']), 1);
  t.is(seen(['receive', 'send']) ?? 0, 0, 'and leaves the byte queues as they are');
});
