import { operatorSays } from '../../testbed/rig/operator.ts';
import { HeldRequests } from './held-requests.ts';
import { expectOk, haproxyTest as test } from './setup.ts';

/* Weights beside a queue in HAProxy. The same on 2.6, 3.0, 3.2 and 3.4. */

const names = ['a', 'b', 'c', 'd', 'e'];

async function startFull(algorithm: string): Promise<HeldRequests> {
  return await HeldRequests.start({ algorithm, servers: { s1: 'maxconn 1', s2: 'maxconn 1' } });
}

async function setWeight(web: HeldRequests, weight: number): Promise<void> {
  expectOk(await web.haproxy.api.setWeights('web', [{ server: 's1', weight }]));
}

async function setLimit(web: HeldRequests, limit: number): Promise<void> {
  expectOk(await web.haproxy.api.setLimits('web', [{ server: 's1', limit }]));
}

test('a server at weight 0 takes nothing from the queue, whatever its limit', async (t) => {
  for (const algorithm of ['roundrobin', 'leastconn', 'random(2)']) {
    await using web = await startFull(algorithm);
    const asked = await web.send(names);
    await web.holds(2);
    await setWeight(web, 0);
    await web.answer(web.held('s1')[0] ?? '');
    await web.shows({ s1: '0+0', s2: '1+0', BACKEND: '4+3' });
    await setLimit(web, 3);
    await web.shows({ s1: '0+0', s2: '1+0', BACKEND: '4+3' });
    t.true((await web.answerAll(asked)).every((status) => status === 200));
    t.is(expectOk(await web.haproxy.api.stats('web'))[0]?.totalSessions, 1);
  }
});

test('a server that leaves weight 0 takes what waits only when its limit is set, under roundrobin new requests too', async (t) => {
  for (const algorithm of ['roundrobin', 'leastconn']) {
    await using web = await startFull(algorithm);
    await setWeight(web, 0);
    const asked = [...(await web.send(['a', 'b', 'c']))];
    await web.shows({ s1: '0+0', s2: '1+0', BACKEND: '3+2' });
    await setWeight(web, 100);
    asked.push(...(await web.send(['new'])));
    if (algorithm === 'roundrobin') {
      // idle, and passed over all the same: who comes waits behind who waits
      await web.shows({ s1: '0+0', s2: '1+0', BACKEND: '4+3' });
      // the same limit
      await setLimit(web, 1);
      await web.shows({ s1: '1+0', s2: '1+0', BACKEND: '4+2' });
    } else {
      // the new one overtakes those that wait
      await web.shows({ s1: '1+0', s2: '1+0', BACKEND: '4+2' });
      await web.holds(2);
      t.true(web.held('s1').includes('new'));
    }
    t.true((await web.answerAll(asked)).every((status) => status === 200));
  }
});

test('a server that leaves maintenance takes what waits at once; one that leaves drain, when its limit is set', async (t) => {
  await using web = await startFull('roundrobin');
  await operatorSays(web.haproxy, 'set server web/s1 state maint');
  const asked = await web.send(names);
  await web.shows({ s1: '0+0', s2: '1+0', BACKEND: '5+4' });
  await operatorSays(web.haproxy, 'set server web/s1 state ready');
  await web.shows({ s1: '1+0', s2: '1+0', BACKEND: '5+3' });
  await web.holds(2);
  await operatorSays(web.haproxy, 'set server web/s1 state drain');
  await web.answer(web.held('s1')[0] ?? '');
  await web.shows({ s1: '0+0', s2: '1+0', BACKEND: '4+3' });
  await operatorSays(web.haproxy, 'set server web/s1 state ready');
  await web.shows({ s1: '0+0', s2: '1+0', BACKEND: '4+3' });
  await setLimit(web, 1);
  await web.shows({ s1: '1+0', s2: '1+0', BACKEND: '4+2' });
  t.true((await web.answerAll(asked)).every((status) => status === 200));
});
