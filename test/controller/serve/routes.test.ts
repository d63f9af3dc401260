import test from 'ava';
import { routesOf } from '../../../controller/serve/routes.ts';
import { server, status } from '../../support/status.ts';

test('an answer is made once for each status, however many ask', async (t) => {
  let now = status([server()], { ticks: 1 });
  const routes = routesOf(() => now);
  for (const [path, before, after] of [
    ['/v1/status', '"ticks":1,', '"ticks":2,'],
    ['/metrics', 'haweight_ticks_total 1\n', 'haweight_ticks_total 2\n'],
  ] as const) {
    now = status([server()], { ticks: 1 });
    const [first, second] = await Promise.all([routes[path]?.(), routes[path]?.()]);
    t.true(first?.body.includes(before), String(first?.body));
    t.is(second, first);
    now = status([server()], { ticks: 2 });
    t.true((await routes[path]?.())?.body.includes(after));
  }
});

test('/healthz says what the controller waits for now', async (t) => {
  let now = status([server()]);
  const routes = routesOf(() => now);
  t.is((await routes['/healthz']?.())?.body, 'ok\n');
  now = status([server()], { waitingFor: 'HAProxy' });
  t.is((await routes['/healthz']?.())?.body, 'HAProxy\n');
});
