import test from 'ava';
import { checkAlgorithm } from '../../../cli/doctor/checks/algorithm.ts';
import { checkBackend } from '../../../cli/doctor/checks/backend.ts';
import { checkConfiguredWeights } from '../../../cli/doctor/checks/configured-weights.ts';
import { checkDecisions } from '../../../cli/doctor/checks/decisions.ts';
import { checkFastPath } from '../../../cli/doctor/checks/fast-path.ts';
import { checkNamedAgents } from '../../../cli/doctor/checks/named-agents.ts';
import { checkRoomBesideOthers } from '../../../cli/doctor/checks/room-beside-others.ts';
import { checkRotation } from '../../../cli/doctor/checks/rotation.ts';
import { checkServers } from '../../../cli/doctor/checks/servers.ts';
import { documentOf } from '../../../cli/doctor/finding.ts';
import type { Reason } from '../../../shared/contract/decision.ts';
import { agentTimeout } from '../../../shared/contract/problems/agent.ts';
import { server, status } from '../../support/status.ts';
import { answering, facts, failing, lines, view, viewOf } from './support.ts';

test('a healthy backend has no warning but that of an unknown metric', (t) => {
  const levels = checkBackend(facts([view('web1'), view('web2')])).map(({ level, check }) => `${level} ${check}`);
  t.deepEqual(levels, [
    'ok backend web',
    'ok balance of web',
    'ok limits of web',
    'ok agent of web1',
    'ok agent of web2',
    'warning metric bandwidth',
  ]);
});

test('empty slots and servers in maintenance are no warning, and are named in one line', (t) => {
  const slots = Array.from({ length: 40 }, (_, index) => view(`SRV_${index + 3}`, { exclusion: 'maintenance' }));
  t.deepEqual(lines(checkRotation(facts([view('SRV_1'), view('SRV_2'), ...slots]))), [
    'ok backend web: 2 of 42 servers in rotation',
    'ok servers SRV_3, SRV_4, SRV_5, SRV_6, SRV_7, SRV_8 and 34 more: left alone: in maintenance',
  ]);
  t.regex(lines(checkRotation(facts(slots)))[0] ?? '', /^ok .*0 of 40 servers in rotation: no weight to set/);
});

test('servers that are down or drained are warnings', (t) => {
  const servers = [
    view('a', { exclusion: 'down' }),
    view('b', { exclusion: 'drain' }),
    view('c', { exclusion: 'down' }),
  ];
  t.deepEqual(lines(checkRotation(facts(servers))), [
    'warning backend web: 0 of 3 servers in rotation: no weight to set',
    'warning servers a, c: left alone: HAProxy says it is not UP',
    'warning server b: left alone: drained by an operator',
  ]);
});

test('a server under agent-check is a warning that says how to end it', (t) => {
  const found = lines(checkServers(facts([view('a'), view('b', { exclusion: 'agent-check' })])));
  t.regex(found[0] ?? '', /^warning servers of web: web\/b: agent-check writes the same weight.*disable agent web\/b/);
});

test('many servers under agent-check are one warning', (t) => {
  const servers = Array.from({ length: 30 }, (_, index) => view(`s${index + 1}`, { exclusion: 'agent-check' }));
  const found = lines(checkServers(facts(servers)));
  t.is(found.length, 1);
  t.regex(found[0] ?? '', /^warning servers of web: web\/s1 and 29 more: agent-check writes the same weight/);
});

test('servers that HAProxy does not observe, or does not check, are named, with what to add', (t) => {
  const servers = [view('a'), view('b'), view('c', { haproxyStatus: 'no check' })];
  const slot = view('slot', { exclusion: 'maintenance' });
  const found = (names: readonly string[]) =>
    lines(checkFastPath({ view: viewOf([...servers, slot]), observed: new Set(names) }));
  const [unchecked, blind] = found(['b']);
  t.regex(
    unchecked ?? '',
    /^warning fast path of web: c: not checked, .* Add `check` and `observe layer4 .* mark-down`/,
  );
  t.regex(
    blind ?? '',
    /^warning fast path of web: a: a server that refuses connections .*`retry-on`.*docs\/haproxy\.md/,
  );
  t.is(found(['a', 'b']).length, 1);
  t.regex(
    lines(checkFastPath({ view: viewOf([view('a')]), observed: new Set(['a']) }))[0] ?? '',
    /^ok fast path of web/,
  );
  t.deepEqual(checkFastPath({ view: viewOf([view('a')]) }), [], 'HAProxy did not say');
});

test('algorithms: those that take no weight fail, those that take some are warned of', (t) => {
  const found = (algorithm: string | null) => lines([checkAlgorithm('web', algorithm)])[0] ?? '';
  t.regex(found('roundrobin'), /^ok /);
  t.regex(found('unknown'), /^ok .*random/);
  t.regex(found('static-rr'), /^failure balance of web: .*roundrobin, leastconn/);
  t.regex(found('source'), /^warning .*no weight but 0 and the configured one\. Say `hash-type consistent`/);
});

test('configured weights that give one server nearly all are warned of, unless its cores explain it', (t) => {
  const servers = [
    view('a', { configuredWeight: 1 }),
    view('b', { configuredWeight: 1 }),
    view('c', { configuredWeight: 50 }),
  ];
  t.deepEqual(lines(checkConfiguredWeights(facts(servers))), [
    'warning configured weights of web: 1 to 50: c gets 96% of the requests when haweight leaves. A server line without `weight` has 1: give each line one',
  ]);
  const sizes = [
    answering('a', { effectiveCores: 1 }),
    answering('b', { effectiveCores: 1 }),
    answering('c', { effectiveCores: 32 }),
  ];
  t.deepEqual(checkConfiguredWeights(facts(servers, { agents: sizes })), []);
  t.is(checkConfiguredWeights(facts(servers, { agents: [] })).length, 1, 'where no cores are known');
  t.deepEqual(checkConfiguredWeights(facts([view('a')])), []);
});

test('beside a server that is left alone, weights with too little room are warned of', (t) => {
  const found = (configuredWeight: number, other: Parameters<typeof view>[1]) =>
    lines(
      checkRoomBesideOthers(facts([...['a', 'b'].map((name) => view(name, { configuredWeight })), view('c', other)])),
    );
  const checked = { exclusion: 'agent-check', takesRequests: true, currentWeight: 50 } as const;
  t.regex(
    found(1, checked)[0] ?? '',
    /^warning configured weights of web: c takes requests .* at 1 a server .*about 100/,
  );
  t.is(found(250, checked).length, 1);
  t.deepEqual(found(100, checked), []);
  t.deepEqual(found(1, { ...checked, takesRequests: false }), []);
  t.deepEqual(found(1, { ...checked, currentWeight: 0 }), []);
  t.deepEqual(found(1, {}), []);
});

test('a slot of configured weight 0 that is in service is named; one that is kept out is not', (t) => {
  const slot = view('srv001', { configuredWeight: 1, currentWeight: 1 });
  const found = new Map([['srv001', { weight: 1, isOurZero: false }]]);
  const whole = facts([slot, view('b')]);
  t.deepEqual(lines(checkConfiguredWeights({ ...whole, view: viewOf([slot, view('b')], { found }) })), [
    'ok configured weights: srv001: weight 0 in haproxy.cfg, but in service by a weight that was set at run time, which restoring gives back',
  ]);
  const kept = view('srv001', { configuredWeight: 0, currentWeight: 0, exclusion: 'configured-zero' });
  t.deepEqual(checkConfiguredWeights(facts([kept])), []);
});

test('an agent named for a server that is not there is warned of, with the server that was probably meant', (t) => {
  const found = (named: string) =>
    lines(checkNamedAgents(facts([view('web1'), view('web2')], { namedAgents: [named] })));
  t.deepEqual(found('wbe1'), [
    'warning agents: an agent is named for wbe1, but backend web has no such server. Did you mean web1?',
  ]);
  t.regex(found('db')[0] ?? '', /no such server\. It has web1, web2$/);
  t.deepEqual(found('web2'), []);
});

test('weights that HAProxy takes from SRV records are warned of, with the fix', (t) => {
  const record = '_http._tcp.web.service.consul';
  const srvRecords = new Map(['a', 'b'].map((name) => [name, record]));
  const servers = [view('a'), view('b'), view('c')];
  t.regex(
    lines(checkServers({ view: viewOf(servers, { srvRecords }) }))[0] ?? '',
    /^warning servers of web: web\/a and 1 more: .*SRV record.*resolve-opts ignore-weight/,
  );
});

test("the controller's problem with a backend, and weights that another writer sets, are warned of", (t) => {
  const contested = server({ reasons: [{ code: 'contested', wanted: 12, waitTicks: 4 }] });
  const [backend] = status([contested]).backends;
  if (backend === undefined) return t.fail();
  const shown = { status: { ...backend, problem: 'backend web: it cannot' }, tickAgeMs: 0 };
  t.deepEqual(lines(checkDecisions({ shown })), [
    'warning backend web: it cannot',
    'warning server web1: something else writes this weight: left alone for 4 more ticks; wanted 12',
  ]);
});

test('a metric that is set aside is warned of', (t) => {
  const aside = server({ reasons: [{ code: 'set-aside', metric: 'ram', level: 0.95, countsFrom: 1 }] });
  const [backend] = status([aside]).backends;
  if (backend === undefined) return t.fail();
  t.regex(
    lines(checkDecisions({ shown: { status: backend, tickAgeMs: 0 } }))[0] ?? '',
    /^warning server web1: .*ram.*95/,
  );
});

test('a server over a threshold that cannot be drained is warned of', (t) => {
  const detail = 'every other server is over a threshold or failing';
  const reason: Reason = { code: 'drain-refused', metrics: ['ram'], because: 'others-overloaded', detail };
  const [backend] = status([server({ reasons: [reason] })]).backends;
  if (backend === undefined) return t.fail();
  t.deepEqual(lines(checkDecisions({ shown: { status: backend, tickAgeMs: 0 } })), [
    `warning server web1: over threshold (ram) but not drained: ${detail}`,
  ]);
});

test('as JSON every finding has level, check and detail, and where it is a problem its fields', (t) => {
  const agents = [failing('web1', agentTimeout('http://10.0.0.1:9477', 1_000))];
  const document = documentOf(checkBackend(facts([view('web1')], { agents })));
  t.deepEqual([document.version, document.failures, document.warnings], [1, 1, 0]);
  t.deepEqual(document.findings[0], { level: 'ok', check: 'backend web', detail: '1 of 1 servers in rotation' });
  t.like(document.findings[3], {
    level: 'failure',
    check: 'agent of web1',
    code: 'agent-timeout',
    where: 'http://10.0.0.1:9477',
    what: 'the agent did not answer in time',
    expected: 'an answer within 1000 ms',
    fix: 'Does a firewall drop packets to its port? Is the agent or its machine overloaded?',
  });
});
