import { traitsOf } from '../../haproxy/versions.ts';
import { operatorSays } from '../../testbed/rig/operator.ts';
import { HeldRequests } from './held-requests.ts';
import { expectOk, haproxyTest as test, testedVersion } from './setup.ts';

/* Requests that wait, and what happens to servers, HAProxy and time meanwhile. */

const observed = 'check inter 1h observe layer4 error-limit 3 on-error mark-down';
const retry = ['option redispatch 1', 'retries 3'];

test('a dead server is idle, so beside full ones it gets all retries: only on-error mark-down ends that', async (t) => {
  for (const [line, expected] of [
    ['', [200, 503, 503]],
    [observed, [200, 200, 200]],
  ] as const) {
    await using web = await HeldRequests.start({ servers: { s1: line, s2: 'maxconn 1' }, lines: retry });
    await web.die('s1');
    const first = web.ask('a');
    await web.shows({ s2: '1+0' });
    const others = [web.ask('b'), web.ask('c')];
    if (line === '') t.deepEqual(await Promise.all(others), [503, 503]);
    else await web.shows({ s1: '0+0', BACKEND: '3+2' });
    t.deepEqual(await web.answerAll([first, ...others]), expected, line);
  }
});

test('requests that wait for a server that goes down are served elsewhere, with redispatch', async (t) => {
  for (const lines of [[], retry]) {
    await using web = await HeldRequests.start({
      servers: { s1: `maxconn 1 cookie s1 ${observed}`, s2: 'cookie s2' },
      lines: ['cookie srv insert', 'timeout queue 1s', ...lines],
    });
    const bound = { cookie: 'srv=s1' };
    const first = web.ask('a', bound);
    await web.holds(1);
    const others = [web.ask('b', bound), web.ask('c', bound)];
    await web.shows({ s1: '1+2' });
    await web.die('s1');
    // the first one was sent already; its answer never comes
    const expected = lines.length === 0 ? [502, 503, 503] : [502, 200, 200];
    t.deepEqual(await web.answerAll([first, ...others]), expected);
  }
});

test('what waits for a server that is DOWN and yet answers goes there exactly in the versions that the table says', async (t) => {
  const { downGetsQueue } = traitsOf(testedVersion);
  await using web = await HeldRequests.start({
    servers: { s1: `maxconn 1 cookie s1 ${observed}`, s2: 'cookie s2' },
    lines: ['cookie srv insert', ...retry],
  });
  const bound = { cookie: 'srv=s1' };
  const asked = [web.ask('a', bound)];
  await web.holds(1);
  asked.push(web.ask('b', bound), web.ask('c', bound));
  await web.shows({ s1: '1+2' });
  await operatorSays(web.haproxy, 'set server web/s1 health down');
  // all at once, whatever its limit
  await web.shows(downGetsQueue ? { s1: '3+0', s2: '0+0' } : { s1: '1+0', s2: '2+0' });
  t.deepEqual(await web.answerAll(asked), [200, 200, 200]);
});

test('maintenance moves what waits without redispatch exactly in the versions that the table says', async (t) => {
  const { maintenanceMovesQueue } = traitsOf(testedVersion);
  await using web = await HeldRequests.start({
    servers: { s1: 'maxconn 1 cookie s1', s2: 'cookie s2' },
    lines: ['cookie srv insert', 'timeout queue 1s'],
  });
  const bound = { cookie: 'srv=s1' };
  const asked = [web.ask('a', bound)];
  await web.holds(1);
  asked.push(web.ask('b', bound));
  await web.shows({ s1: '1+1' });
  await operatorSays(web.haproxy, 'set server web/s1 state maint');
  if (maintenanceMovesQueue) await web.shows({ s1: '1+0', s2: '1+0' });
  else t.is(await asked[1], 503);
  t.deepEqual(await web.answerAll(asked), [200, maintenanceMovesQueue ? 200 : 503]);
});

test('a backup server takes nothing while another is UP, full or not', async (t) => {
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 1', s2: 'backup' } });
  const asked = await web.send(['a', 'b']);
  await web.shows({ s1: '1+0', s2: '0+0', BACKEND: '2+1' });
  t.deepEqual(await web.answerAll(asked), [200, 200]);
});

test('without timeout queue, timeout connect is how long a request may wait', async (t) => {
  await using web = await HeldRequests.start({
    servers: { s1: 'maxconn 1' },
    defaults: ['timeout connect 500ms', 'timeout client 30s', 'timeout server 30s'],
  });
  const asked = await web.send(['a', 'b']);
  t.is(await asked[1], 503);
  t.deepEqual(await web.ends(1), ['sQ']);
  t.deepEqual(await web.answerAll(asked), [200, 503]);
});

test('a reload while requests wait: the old process serves them by its limits, the new one has the configured', async (t) => {
  await using web = await HeldRequests.start({ servers: { s1: 'maxconn 1' } });
  expectOk(await web.haproxy.api.setLimits('web', [{ server: 's1', limit: 2 }]));
  const asked = [...(await web.send(['a', 'b', 'c', 'd']))];
  await web.shows({ s1: '2+0', BACKEND: '4+2' });
  await web.haproxy.reload();
  t.is((await web.limits())['s1'], 1);
  asked.push(...(await web.send(['e', 'f'])));
  await web.shows({ s1: '1+0', BACKEND: '2+1' });
  // the server has the requests of both: each process limits only its own
  await web.holds(3);
  t.deepEqual(await web.answerAll(asked), [200, 200, 200, 200, 200, 200]);
});
