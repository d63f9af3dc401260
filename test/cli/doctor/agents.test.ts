import test from 'ava';
import { checkAgentVersions } from '../../../cli/doctor/checks/agent-versions.ts';
import { checkAgentWarnings } from '../../../cli/doctor/checks/agent-warnings.ts';
import { checkAgents } from '../../../cli/doctor/checks/agents.ts';
import { checkPressure } from '../../../cli/doctor/checks/pressure.ts';
import { checkSharedMachines } from '../../../cli/doctor/checks/shared-machines.ts';
import { checkUnknownMetrics } from '../../../cli/doctor/checks/unknown-metrics.ts';
import type { Shown } from '../../../cli/doctor/facts.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import {
  agentCertificate,
  agentTimeout,
  agentUnauthorised,
  agentWrongServer,
} from '../../../shared/contract/problems/agent.ts';
import { server, status } from '../../support/status.ts';
import { answering, facts, failing, lines, nowMs, view } from './support.ts';

/** A running controller that reads the agent of web1, or does not. */
function controller(changes: Parameters<typeof server>[0] = {}, tickAgeMs: number | null = 500): Shown {
  const [backend] = status([server(changes)]).backends;
  if (backend === undefined) throw new Error('no backend');
  return { status: backend, tickAgeMs };
}

const url = 'http://10.0.0.1:9477';
const refused = agentUnauthorised(url, 401);
const untrusted = agentCertificate(url, { what: 'the certificate is not trusted' });

/** What doctor says of web1 where its agent answers it with this problem. */
function verdict(problem: Problem, shown: Shown | null, access = { token: false, tls: false }): string {
  const [line = '', ...more] = lines(
    checkAgents(facts([view('web1')], { agents: [failing('web1', problem)], shown, access })),
  );
  return more.length === 0 ? line : `${more.length} more lines`;
}

test('an agent that the controller reads is fine, though the doctor has no token', (t) => {
  t.is(
    verdict(refused, controller()),
    'ok agent of web1: read by the controller 0.5 s ago; not read from here (no token given: --agent-token-file FILE)',
  );
  t.regex(
    verdict(untrusted, controller()),
    /^ok .*not read from here \(no certificates given: --agent-ca-file FILE\)$/,
  );
});

test('without a controller that reads it, a refused token is a failure', (t) => {
  t.regex(verdict(refused, null), /^failure agent of web1: http.*refused the bearer token.*--agent-token-file/);
  const silent = { ...server().agent, state: 'stale' as const, code: 'agent-timeout', detail: 'x' };
  t.regex(verdict(refused, controller({ agent: silent })), /^failure /);
  t.regex(verdict(refused, controller({ agent: { ...server().agent, code: 'agent-timeout' } })), /^failure /);
  t.regex(verdict(refused, controller({}, null)), /^failure /, 'a controller that is stuck vouches for nothing');
  t.regex(verdict(refused, controller({ server: 'web2' })), /^failure /, 'the agent of another server');
});

test('a wrong token or certificate that was given is a failure, whatever the controller reads', (t) => {
  t.regex(verdict(refused, controller(), { token: true, tls: false }), /^failure /);
  t.regex(verdict(untrusted, controller(), { token: false, tls: true }), /^failure /);
  t.regex(verdict(agentWrongServer(url, 'web1', 'web2'), controller()), /^failure /);
});

test('an agent that only the controller can reach is a warning', (t) => {
  t.regex(
    verdict(agentTimeout(url, 1_000), controller()),
    /^warning agent of web1: read by the controller 0\.5 s ago, but not from here: http.*did not answer in time/,
  );
});

test('the agent of a server that is out of rotation is no failure', (t) => {
  const down = facts([view('web1', { exclusion: 'down' })], { agents: [failing('web1', agentTimeout(url, 1_000))] });
  t.regex(lines(checkAgents(down))[0] ?? '', /^warning agent of web1: .*in time/);
});

test('a fresh agent is fine; an old sample is a failure, and a wrong clock a warning', (t) => {
  const judged = (changes: object) => lines(checkAgents(facts([view('a')], { agents: [answering('a', changes)] })));
  t.deepEqual(judged({}), ['ok agent of a: answered in 5 ms; sample 0.1 s old, 2 cores']);
  t.regex(judged({ ageMs: 9_000, takenAtMs: nowMs - 9_000 })[0] ?? '', /^failure .*too old.*got 9000 ms/);
  t.regex(judged({ takenAtMs: nowMs + 300_000 })[1] ?? '', /^warning .*300\.1 s ahead/);
});

test('agents of another version are named together, older and newer ones apart', (t) => {
  const agents = [answering('a', { version: 1 }), answering('b', { version: 1 }), answering('c'), answering('d')];
  t.deepEqual(lines(checkAgentVersions({ agents })), [
    'warning agent versions: a, b: version 1 of the snapshot, older than 2 here; what both know is used. Install the same haweight on controller and servers',
  ]);
  t.regex(lines(checkAgentVersions({ agents: [answering('a', { version: 3 })] }))[0] ?? '', /version 3 .*, newer than/);
});

test('each metric that is unknown is named with its reason, once for all servers that share it', (t) => {
  const agents = Array.from({ length: 9 }, (_, index) => answering(`w${index + 1}`));
  t.deepEqual(lines(checkUnknownMetrics({ agents })), [
    'warning metric bandwidth: unknown on w1, w2, w3, w4, w5, w6 and 3 more: no link speed (no-limit)',
  ]);
});

test('servers on one machine are named: by its boot id, or where they have the same agent', (t) => {
  const boot = { machine: 'boot-1', machineCores: 4 };
  const agents = [answering('a1', boot), answering('a2', boot), answering('b1', { machine: 'boot-2' })];
  t.deepEqual(lines(checkSharedMachines({ agents })), ['ok machine vm1: a1, a2 share its 4 cores (2 agents)']);
  const older = [answering('a1', { version: 1 }, 'http://10.0.0.1:1'), answering('a2', boot, 'http://10.0.0.1:2')];
  t.deepEqual(lines(checkSharedMachines({ agents: older })), ['ok machine vm1: a1, a2 share its 2 cores (2 agents)']);
  const same = ['a1', 'a2'].map((name) => answering(name, { version: 1 }, 'http://10.0.0.1:9477'));
  t.deepEqual(lines(checkSharedMachines({ agents: same })), ['ok machine vm1: a1, a2 share its 2 cores (one agent)']);
});

test('servers with the same agent are named although the doctor may not read it', (t) => {
  const agents = ['a1', 'a2'].map((name) => ({ ...failing(name, refused), url }));
  t.deepEqual(lines(checkSharedMachines({ agents })), [
    'ok machines: a1, a2 have the same agent, so they share its cores',
  ]);
});

test('pressure that users notice and processes killed for memory are warnings; a little is none', (t) => {
  const stalled = { some: 0.25, full: 0.1 };
  const events = { high: 3, max: 9, oom: 1, oomKill: 1 };
  const hard = answering('a', { pressure: { cpu: null, memory: stalled, io: null }, memoryEvents: events });
  t.deepEqual(lines(checkPressure({ agents: [hard] })), [
    'warning pressure on a: some tasks waited for memory for 25 % of the last 10 s',
    'warning memory of a: the kernel killed 1 process of its group for want of memory. Raise the memory limit, or find the leak',
  ]);
  const calm = answering('a', { pressure: { cpu: { some: 0.05, full: null }, memory: null, io: null } });
  t.deepEqual(checkPressure({ agents: [calm, answering('b')] }), []);
});

test('what agents doubt about themselves is repeated, once for all that share it', (t) => {
  const warnings = ['this group has no process but the agent'];
  const agents = [answering('a', { warnings }), answering('b', { warnings }), answering('c')];
  t.deepEqual(lines(checkAgentWarnings({ agents })), [`warning agent of a, b: ${warnings[0]}`]);
});
