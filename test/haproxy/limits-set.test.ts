import { join } from 'node:path';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { maxLimit } from '../../shared/contract/limits.ts';
import { operatorSays } from '../../testbed/rig/operator.ts';
import { HeldRequests } from './held-requests.ts';
import { codeOf, expectOk, haproxyTest as test } from './setup.ts';

/* What `set maxconn server` does. The same on 2.6, 3.0, 3.2 and 3.4. */

const names = ['a', 'b', 'c', 'd'];

test('a request over the limit waits in HAProxy, and a higher limit lets it go at once', async (t) => {
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 1' } });
  const asked = await web.send(names);
  // in the queue of the backend, for whichever server is free; the backend counts it as in flight
  await web.shows({ s1: '1+0', BACKEND: '4+3' });
  expectOk(await web.haproxy.api.setLimits('web', [{ server: 's1', limit: 3 }]));
  await web.shows({ s1: '3+0', BACKEND: '4+1' });
  await web.holds(3);
  // a lower one ends nothing that is in flight, and lets nothing new in
  expectOk(await web.haproxy.api.setLimits('web', [{ server: 's1', limit: 2 }]));
  await web.answer('a');
  await web.shows({ s1: '2+0', BACKEND: '3+1' });
  t.deepEqual(await web.answerAll(asked), [200, 200, 200, 200]);
});

test('limit 0 alone would leave waiting requests behind; the client lets them out first', async (t) => {
  for (const isClient of [false, true]) {
    await using web = await HeldRequests.start({ servers: { s1: 'maxconn 1' }, lines: ['timeout queue 1s'] });
    const asked = await web.send(names);
    await web.shows({ s1: '1+0', BACKEND: '4+3' });
    if (isClient) expectOk(await web.haproxy.api.setLimits('web', [{ server: 's1', limit: 0 }]));
    else await operatorSays(web.haproxy, 'set maxconn server web/s1 0');
    t.is((await web.limits())['s1'], null);
    if (isClient) await web.shows({ s1: '4+0', BACKEND: '4+0' });
    else {
      // the server is idle, and still nothing that waits goes there
      await web.answer('a');
      await web.shows({ s1: '0+0', BACKEND: '3+3' });
    }
    const expected = isClient ? [200, 200, 200, 200] : [200, 503, 503, 503];
    t.deepEqual([...(await web.answerAll(asked))].sort(), expected);
  }
});

test('at level operator a limit can be read, not set', async (t) => {
  const sockets = [{ bind: 'unix@operator.sock', level: 'operator' as const }];
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 7' }, sockets });
  const api = new RuntimeApi({ socket: join(web.haproxy.folder, 'operator.sock') });
  t.is(codeOf(await api.setLimits('web', [{ server: 's1', limit: 1 }])), 'socket-level');
  t.is(expectOk(await api.stats('web'))[0]?.limit, 7);
});

test('HAProxy checks no range: what it takes, and what it refuses', async (t) => {
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 7' } });
  const set = (value: string | number) => operatorSays(web.haproxy, `set maxconn server web/s1 ${value}`);
  for (const value of ['x', '3x', '1.5']) t.regex(await set(value), /garbage/);
  t.regex(await set(''), /Require <maxconn>/);
  t.is((await web.limits())['s1'], 7);
  // more than 32 bits wrap around, and -1 reads as the largest: the client sends neither
  for (const [value, becomes] of [
    [-1, 4_294_967_295],
    [4_294_967_296, null],
    [4_294_967_301, 5],
    [maxLimit, maxLimit],
  ] as const) {
    t.is((await set(value)).trim(), '');
    t.is((await web.limits())['s1'], becomes, `${value}`);
  }
  for (const limit of [-1, maxLimit + 1, 1.5]) {
    await t.throwsAsync(async () => await web.haproxy.api.setLimits('web', [{ server: 's1', limit }]), {
      instanceOf: RangeError,
    });
  }
});
