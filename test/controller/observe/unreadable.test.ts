import test from 'ava';
import { joinBackend } from '../../../controller/observe/haproxy-view.ts';
import { trafficBetween } from '../../../controller/observe/traffic.ts';
import { viewProblems } from '../../../controller/observe/view-problems.ts';
import { parseServersState } from '../../../haproxy/servers-state.ts';
import { parseStats } from '../../../haproxy/stat-csv.ts';
import { formatProblem } from '../../../shared/contract/problem.ts';
import { statColumns, stateReply, statReply } from '../../haproxy/recorded.ts';
import { expectOk } from '../../haproxy/setup.ts';

/* One server of which HAProxy says what cannot be read: one line, and the other one goes on. */

const counts = { weight: '50', uweight: '50', stot: '900', hrsp_2xx: '900', mode: 'http' };
const rows = [
  { pxname: 'web', svname: 's1', type: '2', status: 'UP', ...counts },
  { pxname: 'web', svname: 's2', type: '2', status: 'MAINT', ...counts },
  { pxname: 'web', svname: 'BACKEND', type: '1', status: 'UP', algo: 'roundrobin', ...counts },
];
const statText = statReply(statColumns['2.6'] ?? [], rows);

function viewOf(states: string, stats: string) {
  const [parsedStates, parsedStats] = [parseServersState(states), parseStats(stats)];
  if (!parsedStates.ok || !parsedStats.ok) throw new Error('a reply was refused');
  return joinBackend('web', parsedStates.value, parsedStats.value);
}

for (const [what, from, to] of [
  ['an operational state that does not exist', '10.0.0.1 2 0 ', '10.0.0.1 7 0 '],
  ['a weight that is none', ' 2 0 7 100 ', ' 2 0 - 100 '],
] as const) {
  test(`${what}: this server is left alone, in one line`, (t) => {
    const view = expectOk(viewOf(stateReply.replace(from, to), statText));
    t.deepEqual(
      view.servers.map(({ server, exclusion }) => [server, exclusion]),
      [
        ['s1', 'unreadable'],
        ['s2', 'maintenance'],
      ],
    );
    const lines = viewProblems(view).map(formatProblem);
    t.is(lines.length, 1);
    t.regex(lines[0] ?? '', /^web\/s1: what HAProxy says of this server cannot be read.*got "srv_/);
  });
}

test('a bit that is not known: the status tells, and one line says so', (t) => {
  const view = expectOk(viewOf(stateReply.replace('10.0.0.1 2 0 ', '10.0.0.1 2 132 '), statText));
  t.is(view.servers[0]?.exclusion, null);
  t.regex(viewProblems(view).map(formatProblem).join('\n'), /^web\/s1: its admin state has bits.*got 0x80\. /);
  const maintenance = statText.replace(',UP,', ',MAINT,');
  t.is(
    expectOk(viewOf(stateReply.replace('10.0.0.1 2 0 ', '10.0.0.1 2 132 '), maintenance)).servers[0]?.exclusion,
    'maintenance',
  );
});

test('totals that could not be read are not a tick of traffic when they can be read again', (t) => {
  const good = expectOk(viewOf(stateReply, statText)).servers[0];
  const bad = expectOk(viewOf(stateReply, statText.replace(',900,', ',x,'))).servers[0];
  if (good === undefined || bad === undefined) return t.fail('no server');
  t.is(bad.exclusion, 'unreadable');
  t.is(trafficBetween(good.counters, bad.counters), null);
  t.is(trafficBetween(bad.counters, good.counters), null);
  t.is(trafficBetween(good.counters, good.counters)?.ok, 0);
});

test('without the row of the backend nothing is known of it', (t) => {
  t.false(viewOf(stateReply, statReply(statColumns['2.6'] ?? [], rows.slice(0, 2))).ok);
});
