import test from 'ava';
import { renderExplanation } from '../../cli/view/explanation.ts';
import { renderShadow } from '../../cli/view/shadow-table.ts';
import { renderWeights } from '../../cli/view/weights-table.ts';
import type { BackendStatus, Status } from '../../shared/contract/status.ts';
import { server, status } from '../support/status.ts';

/* A status that is out of date says so, and says when it is from. */

const gone = '/run/haproxy/admin.sock: no such socket; got ENOENT';
const tickAtMs = Date.UTC(2026, 10, 27, 16, 12, 28);
const readAtMs = tickAtMs - 8_000;

function found(changes: Partial<Status>, backend: Partial<BackendStatus> = {}): Status {
  const [one] = status([server()]).backends;
  if (one === undefined) throw new Error('no backend');
  const shadows = [{ policy: 'equal', problem: null, servers: [] }];
  return status([], { lastTickAtMs: tickAtMs, backends: [{ ...one, readAtMs, shadows, ...backend }], ...changes });
}

const dead = found({ haproxy: { socket: '/run/haproxy/admin.sock', version: '2.6.12', problem: gone } });

test('while HAProxy is dead the first line says so, and the table has the time that it is of', (t) => {
  const text = renderWeights(dead, [], tickAtMs + 400).split('\n');
  t.is(text[0], `! HAProxy: ${gone}`);
  t.is(text[2], 'web  (roundrobin, inverse-load, as of 16:12:20 UTC)');
  const shadow = renderShadow(dead, 'equal', [], tickAtMs + 400).split('\n');
  t.is(shadow[0], text[0]);
  t.is(shadow[2], 'web  (roundrobin, as of 16:12:20 UTC)');
});

test('explain says the same', (t) => {
  const [backend] = dead.backends;
  if (backend === undefined) return t.fail();
  const text = renderExplanation({ status: dead, backend, server: server(), answeredAt: tickAtMs });
  t.true(text.startsWith(`! HAProxy: ${gone}\nweb/web1: `), text);
  t.regex(text, /policy {3}inverse-load, roundrobin, every 2\.0 s, as of 16:12:20 UTC\n/);
});

test('a backend that could not be read at the last tick has the time of when it was', (t) => {
  const one = found({}, { problem: 'backend web: HAProxy has no such backend' });
  t.regex(renderWeights(one, [], tickAtMs), /^web .* as of 16:12:20 UTC\)[\s\S]*\n! backend web: HAProxy has no such/);
});

test('a controller that is stuck is the first line; by its own clock, not by ours', (t) => {
  const stuck = found({}, { readAtMs: tickAtMs });
  t.regex(
    renderWeights(stuck, [], tickAtMs + 43_000),
    /^! the controller is stuck: the last tick was 43\.0 s ago, one is due every 2\.0 s\. Look at its log\.\n\nweb .* as of 16:12:28 UTC\)/,
  );
  t.regex(renderWeights(stuck, [], tickAtMs + 5_900), /^web .*inverse-load, 16:12:28 UTC\)/);
  const never = found({ lastTickAtMs: null, startedAtMs: tickAtMs }, { servers: [], readAtMs: null });
  t.regex(
    renderWeights(never, [], tickAtMs + 9_000),
    /^! the controller is stuck: no tick in the 9\.0 s since its start/,
  );
});

test('a controller whose ticks take longer than the period says so, and counts as stuck later', (t) => {
  const slowTicks = 'periodMs 2000: ticks take too long for it';
  const slow = found({ slowTicks, lastTickDurationMs: 6_100 }, { readAtMs: tickAtMs - 6_000 });
  t.regex(renderWeights(slow, [], tickAtMs + 23_900), /^! periodMs 2000: ticks take too long for it\n\nweb /);
  t.regex(renderWeights(slow, [], tickAtMs + 24_100), /^! the controller is stuck: the last tick was 24\.1 s ago/);
});

test('a status that is up to date has its time, and no line before it', (t) => {
  const fresh = found({ lastTickDurationMs: 15 }, { readAtMs: tickAtMs - 12 });
  t.regex(renderWeights(fresh, [], tickAtMs + 100), /^web {2}\(roundrobin, inverse-load, 16:12:27 UTC\)/);
});

test('without servers the line says why', (t) => {
  const none = { servers: [], readAtMs: null };
  const haproxy = { socket: '/x', version: null, problem: gone };
  t.regex(renderWeights(found({ haproxy }, none), []), /no servers seen yet: HAProxy has not answered/);
  t.regex(renderWeights(found({ lastTickAtMs: null }, none), []), /no servers seen yet: the first tick is under way/);
  t.regex(
    renderWeights(found({}, { ...none, problem: 'x' }), []),
    /no servers seen yet: the backend cannot be read\n! x/,
  );
  t.regex(renderWeights(found({}, { servers: [] }), []), /HAProxy has no server in this backend/);
});
