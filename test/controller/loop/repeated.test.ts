import { between } from '../../../controller/decide/fast/look-row.ts';
import { lookRowsOf } from '../../../controller/loop/look-rows.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { expectOk, haproxyTest as test } from '../../haproxy/setup.ts';
import { httpServer } from '../../support/http-server.ts';

/* What a look makes of requests that HAProxy repeats at another server, as the real one counts them. */

const repeating = ['retries 3', 'option redispatch 1', 'retry-on conn-failure empty-response 500'];
const requests = 20;

async function rowOf({ api }: HaproxyProcess, server: string) {
  const row = lookRowsOf(expectOk(await api.stats('web'))).find((each) => each.server === server);
  if (row === undefined) throw new Error(server);
  return row;
}

/** What a look counts for s1 at this address, while s2 is well and all clients are answered. */
async function countedAt(address: string) {
  await using well = await httpServer((_, response) => response.end('fine'));
  const servers = [
    { name: 's1', address },
    { name: 's2', address: well.address },
  ];
  const port = await freePort();
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({
      frontends: [{ name: 'front', bind: `127.0.0.1:${port}`, backend: 'web' }],
      backends: [{ name: 'web', lines: repeating, servers }],
    }),
  });
  const before = await rowOf(haproxy, 's1');
  for (let sent = 0; sent < requests; sent += 1) {
    const { status } = await fetch(`http://127.0.0.1:${port}/`);
    if (status !== 200) throw new Error(`HTTP ${status}`);
  }
  return between(before, await rowOf(haproxy, 's1'));
}

test('an answer 500 that another server repeats is one failure of this one', async (t) => {
  let failed = 0;
  await using failing = await httpServer((_, response) => {
    failed += 1;
    response.writeHead(500).end();
  });
  const counted = await countedAt(failing.address);
  t.true(failed >= requests / 2, `${failed}`);
  t.like(counted, { refused: failed, ok: 0, errors: 0 });
});

test('a refused connection is one failure, too', async (t) => {
  const counted = await countedAt(`127.0.0.1:${await freePort()}`);
  t.is(counted?.refused, counted?.started);
  t.true((counted?.refused ?? 0) >= requests / 2);
});
