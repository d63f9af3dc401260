import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { appPort } from '../../support/stack.ts';
import { five, startFive } from './support/five.ts';

/** From 0.1 of its weight it takes 3.3 s, doubling every second, and up to a tick until it is told; the rest is for a busy machine. */
const rampMs = 8_000;

for (const algorithm of ['roundrobin', 'leastconn']) {
  test.serial(`${algorithm}: five servers that restart one after the other cost nothing`, async (t) => {
    await using run = await startFive({
      algorithm,
      flags: ['--period-ms', '2000'],
      lines: ['retries 3', 'option redispatch 1', 'retry-on conn-failure empty-response 500 502 503'],
      serverOptions: 'check inter 1s downinter 200ms observe layer4 error-limit 3 on-error mark-down',
    });
    const { stack } = run;
    const isUp = async (name: string) => {
      const rows = await stack.haproxy.api.stats('web');
      return rows.ok && rows.value.find((row) => row.name === name)?.status === 'UP';
    };
    for (const name of five) {
      await stack.killServer(name);
      await stack.stopAgent(name);
      await until(`${name} down`, async () => !(await isUp(name)));
      await stack.startServer(name);
      await until(`${name} up`, () => isUp(name));
      const upAtMs = performance.now();
      await stack.ticks(1);
      await until(`${name}: the end of its ramp`, async () => (await stack.reason(name, 'ramp')) === null);
      const tookMs = performance.now() - upAtMs;
      t.log(`${name}: ${Math.round(tookMs)} ms from UP to its full weight`);
      t.true(tookMs < rampMs, `${name}: ${tookMs} ms`);
    }
    await run.nothingFailed(t);
  });
}

test.serial('downloads that their clients have paused cost a server nothing', async (t) => {
  await using run = await startFive();
  const { stack } = run;
  const clients: Socket[] = [];
  t.teardown(() => {
    for (const client of clients) client.destroy();
  });
  for (const _ of [1, 2, 3]) {
    const client = connect(appPort, stack.addressOf('s3')).on('error', () => undefined);
    clients.push(client);
    await once(client, 'connect');
    client.pause().write('GET /download HTTP/1.1\r\nhost: app\r\n\r\n');
  }
  const sinceMs = performance.now();
  await stack.ticks(8);
  t.true(((await stack.shown('s3')).utilisation.tcpQueues ?? 1) <= 0.3);
  run.stayedRight(t, sinceMs, 'three downloads that are paused');
  await run.nothingFailed(t);
});
