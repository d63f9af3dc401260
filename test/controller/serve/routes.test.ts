import test from 'ava';
import type { Current } from '../../../controller/serve/asking.ts';
import { routesOf } from '../../../controller/serve/routes.ts';
import type { Status } from '../../../shared/contract/status.ts';
import { server, status } from '../../support/status.ts';

const current = (version: number, shown: Status): Current => {
  const json = new TextEncoder().encode(JSON.stringify(shown));
  return { waitingFor: shown.waitingFor, documents: { status: { version, json } } };
};

test('an answer is made once for each status, however many ask', async (t) => {
  const before = current(1, status([server()], { ticks: 1 }));
  const after = current(2, status([server()], { ticks: 2 }));
  let now = before;
  const routes = routesOf({ ask: () => Promise.resolve(now) }, () => new Map());
  for (const [path, ofBefore, ofAfter] of [
    ['/v1/status', '"ticks":1,', '"ticks":2,'],
    ['/metrics', 'haweight_ticks_total 1\n', 'haweight_ticks_total 2\n'],
  ] as const) {
    now = before;
    const [first, second] = await Promise.all([routes[path]?.(), routes[path]?.()]);
    t.true(first?.body.includes(ofBefore), String(first?.body));
    t.is(second?.body, first?.body);
    now = after;
    t.true((await routes[path]?.())?.body.includes(ofAfter));
  }
});

test('/healthz says what the controller waits for now, without asking for the status', async (t) => {
  let waitingFor: string | null = null;
  const asked: (string | null)[] = [];
  const ask = (wants: string | null) => {
    asked.push(wants);
    return Promise.resolve({ waitingFor, documents: {} });
  };
  const routes = routesOf({ ask }, () => new Map());
  t.is((await routes['/healthz']?.())?.body, 'ok\n');
  waitingFor = 'HAProxy';
  t.is((await routes['/healthz']?.())?.body, 'HAProxy\n');
  t.deepEqual(asked, [null, null]);
});

test('where the loop does not answer, every path says so with 503', async (t) => {
  const routes = routesOf({ ask: () => Promise.resolve(null) }, () => new Map());
  for (const [path, route] of Object.entries(routes)) {
    const answer = await route();
    t.is(answer.status, 503, path);
    t.regex(String(answer.body), /^the control loop has not answered for 1000 ms/, path);
  }
});

test('/v1/traffic is what HAProxy has counted, without the status', async (t) => {
  const json = new TextEncoder().encode('{"instance":"x"}');
  const asked: (string | null)[] = [];
  const ask = (wants: string | null) => {
    asked.push(wants);
    return Promise.resolve({ waitingFor: null, documents: { traffic: { version: 1, json } } });
  };
  const answer = await routesOf({ ask }, () => new Map())['/v1/traffic']?.();
  t.is(String(answer?.body), '{"instance":"x"}');
  t.regex(answer?.contentType ?? '', /^application\/json/);
  t.deepEqual(asked, ['traffic']);
});
