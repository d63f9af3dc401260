import { HeldRequests, type Setup } from './held-requests.ts';
import { expectOk, haproxyTest as test } from './setup.ts';

/*
 * Requests that are bound to one server: there they wait while others are idle. So limits are nothing for sticky backends,
 * nor for hashes. The same on 2.6, 3.0, 3.2 and 3.4.
 */

const sticky: Setup = {
  lines: ['cookie srv insert', 'option redispatch 1', 'retries 3', 'timeout queue 500ms'],
  servers: { s1: 'maxconn 1 cookie s1', s2: 'maxconn 1 cookie s2' },
};
const bound = { cookie: 'srv=s1' };

test('a request with a cookie waits at its server while another is idle, and fails after timeout queue', async (t) => {
  await using web = await HeldRequests.start(sticky);
  const first = web.ask('a', bound);
  await web.shows({ s1: '1+0' });
  const second = web.ask('b', bound);
  await web.shows({ s1: '1+1', s2: '0+0', BACKEND: '2+0' });
  t.is(await second, 503);
  t.deepEqual(await web.ends(1), ['sQ']);
  // neither retries nor redispatch help, and it counts as an error of the server
  const rows = expectOk(await web.haproxy.api.stats('web'));
  t.like(rows[0], { connectionErrors: 1, retries: 0, redispatches: 0 });
  t.deepEqual(await web.answerAll([first]), [200]);
});

test('what waits in the queue of the backend and fails counts as no error of a server', async (t) => {
  await using web = await HeldRequests.start(sticky);
  const begun = await web.send(['a', 'b']);
  t.is(await web.ask('c'), 503);
  t.deepEqual(await web.ends(1), ['sQ']);
  const rows = expectOk(await web.haproxy.api.stats('web'));
  t.deepEqual(
    rows.map(({ connectionErrors }) => connectionErrors),
    [0, 0, 1],
  );
  t.deepEqual(await web.answerAll(begun), [200, 200]);
});

test('with maxqueue and redispatch, a request that finds the queue of its server full goes elsewhere', async (t) => {
  await using web = await HeldRequests.start({
    ...sticky,
    servers: { s1: 'maxconn 1 maxqueue 1 cookie s1', s2: 'cookie s2' },
  });
  const asked = ['a', 'b', 'c'].map((path) => web.ask(path, bound));
  await web.shows({ s1: '1+1', s2: '1+0' });
  t.deepEqual(await web.answerAll(asked), [200, 200, 200]);
});

test('a stick table binds the same way, from the first answer on', async (t) => {
  await using web = await HeldRequests.start({
    lines: ['stick-table type string len 20 size 1k', 'stick on hdr(user)'],
    servers: { s1: 'maxconn 1', s2: 'maxconn 1' },
  });
  const user = { user: 'u' };
  t.deepEqual(await web.answerAll([web.ask('first', user)]), [200]);
  const asked = ['a', 'b'].map((path) => web.ask(path, user));
  await web.shows({ s1: '1+1', s2: '0+0' });
  t.deepEqual(await web.answerAll(asked), [200, 200]);
});

test('a hash binds, too', async (t) => {
  await using web = await HeldRequests.start({
    lines: ['hash-type consistent'],
    algorithm: 'hdr(user)',
    servers: { s1: 'maxconn 1', s2: 'maxconn 1' },
  });
  const asked = ['a', 'b', 'c'].map((path) => web.ask(path, { user: 'u' }));
  await web.holds(1);
  const [s1, s2, all] = expectOk(await web.haproxy.api.stats('web'));
  t.is((s1?.queued ?? 0) + (s2?.queued ?? 0), 2);
  t.is(Math.min(s1?.currentSessions ?? 9, s2?.currentSessions ?? 9), 0);
  t.is(all?.queued, 0);
  t.deepEqual(await web.answerAll(asked), [200, 200, 200]);
});
