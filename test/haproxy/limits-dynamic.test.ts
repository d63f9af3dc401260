import { HeldRequests } from './held-requests.ts';
import { expectOk, haproxyTest as test } from './setup.ts';

/*
 * Bounded load: with `minconn` and `fullconn` HAProxy makes a server's limit anew at every request, as
 * max(minconn, in flight of the backend x maxconn / fullconn). The same on 2.6, 3.0, 3.2 and 3.4.
 */

const full = 1_000;

async function startBounded(servers: Readonly<Record<string, string>>, fullconn = full): Promise<HeldRequests> {
  return await HeldRequests.start({ servers, lines: [`fullconn ${fullconn}`] });
}

function names(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `r${from + index}`);
}

async function allServed(web: HeldRequests, asked: readonly Promise<number>[]): Promise<boolean> {
  return (await web.answerAll(asked)).every((status) => status === 200);
}

async function set(web: HeldRequests, limits: Readonly<Record<string, number>>): Promise<void> {
  const changes = Object.entries(limits).map(([server, limit]) => ({ server, limit }));
  expectOk(await web.haproxy.api.setLimits('web', changes));
}

test('with maxconn = fullconn nothing is limited; with a part of it, that part of what is in flight', async (t) => {
  const bounded = `minconn 2 maxconn ${full}`;
  await using web = await startBounded({ s1: bounded, s2: bounded });
  // as configured: roundrobin as ever
  const asked = [...(await web.send(names(1, 10)))];
  await web.shows({ s1: '5+0', s2: '5+0', BACKEND: '10+0' });
  await set(web, { s1: 250 });
  asked.push(...(await web.send(names(11, 40))));
  // 40 x 250 / 1000: what s1 may not have goes to s2, within the request
  await web.shows({ s1: '10+0', s2: '30+0', BACKEND: '40+0' });
  // what HAProxy shows is what was set, not what is in force now
  t.deepEqual(await web.limits(), { s1: 250, s2: full, BACKEND: full });
  t.true(await allServed(web, asked));
});

test('minconn is never undercut, and below it a limit stays dynamic', async (t) => {
  const bounded = `minconn 3 maxconn ${full}`;
  await using web = await startBounded({ s1: bounded, s2: `${bounded} backup` });
  await set(web, { s1: 1 });
  t.is((await web.limits())['s1'], 1);
  const asked = await web.send(names(1, 6));
  await web.shows({ s1: '3+0', BACKEND: '6+3' });
  // 6 x 900 / 1000
  await set(web, { s1: 900 });
  await web.shows({ s1: '5+0', BACKEND: '6+1' });
  t.true(await allServed(web, asked));
});

test('a limit equal to minconn turns the server static for good: it must never be written', async (t) => {
  await using web = await startBounded({ s1: `minconn 2 maxconn ${full}` });
  await set(web, { s1: 2 });
  await set(web, { s1: 5 });
  const asked = await web.send(names(1, 10));
  // dynamic it would be max(2, 10 x 5 / 1000) = 2
  await web.shows({ s1: '5+0', BACKEND: '10+5' });
  await set(web, { s1: full });
  await web.shows({ s1: '10+0', BACKEND: '10+0' });
  t.true(await allServed(web, asked));
});

test('from fullconn requests on, the limit is maxconn itself', async (t) => {
  await using web = await startBounded({ s1: 'minconn 1 maxconn 4' }, 8);
  const asked = [...(await web.send(names(1, 7)))];
  // one waits at the second request, and behind it all do: the limit that rises with them lets none out
  await web.shows({ s1: '1+0', BACKEND: '7+6' });
  // only the end of a request does: 6 x 4 / 8
  await web.answer('r1');
  await web.shows({ s1: '3+0', BACKEND: '6+3' });
  asked.push(...(await web.send(names(8, 10))));
  await web.answer('r2');
  await web.shows({ s1: '4+0', BACKEND: '8+4' });
  t.true(await allServed(web, asked));
});

test('waiting requests end even where the limit falls with what is in flight', async (t) => {
  await using web = await startBounded({ s1: `minconn 2 maxconn ${full}`, s2: `minconn 2 maxconn ${full}` });
  await set(web, { s1: 300, s2: 300 });
  const asked = await web.send(names(1, 40));
  await web.shows({ s1: '2+0', s2: '2+0', BACKEND: '40+36' });
  t.true(await allServed(web, asked));
});
