import test from 'ava';
import { AgentClient, type AgentSource } from '../../../controller/observe/agent-client.ts';
import { AgentRound } from '../../../controller/observe/agent-round.ts';
import { asideEveryTicks } from '../../../controller/observe/aside-agents.ts';
import type { ServerView } from '../../../controller/observe/haproxy-view.ts';
import { type ObservedServer, Observer } from '../../../controller/observe/observer.ts';
import { silentAgentsProblem } from '../../../controller/observe/silent-agents.ts';
import { undisturbed } from '../../../shared/contract/observation.ts';
import { formatProblem, type Problem } from '../../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../../shared/contract/result.ts';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { blackHole } from '../../support/black-hole.ts';
import { httpServer } from '../../support/http-server.ts';
import { snapshot } from '../../support/snapshot.ts';

const periodMs = 2_000;
const silence: Problem = { code: 'agent-timeout', where: 'x', what: 'no answer' };

/** A server in rotation, changed where asked. */
function view(server: string, changes: Partial<ServerView> = {}): ServerView {
  const exclusion = changes.exclusion ?? null;
  return {
    server,
    address: '10.0.0.1',
    port: 8080,
    takesRequests: exclusion === null,
    haproxyStatus: exclusion === 'maintenance' ? 'MAINT' : 'UP',
    exclusion,
    configuredWeight: 100,
    currentWeight: 100,
    upForMs: 60_000,
    counters: { ok: 100, errors: 0, clientErrors: 0, redispatches: 0, retries: 0, started: 0, queued: 0 },
    inFlight: 0,
    limit: null,
    waiting: 0,
    ...changes,
  };
}

const slot = (server: string, changes: Partial<ServerView> = {}) =>
  view(server, { address: '172.4.0.4', port: 8765, exclusion: 'maintenance', ...changes });

const options = { urlTemplate: 'http://{address}:9477', staleAfterMs: 3_000, tcpQueueParts: [], backends: 1 };

/** An observer whose agents are a function of the URL; which were asked at a tick, and what was seen. */
const noLooks = { stateOf: () => undisturbed, takeInFlightMean: () => null };

class Play {
  readonly asked: string[] = [];
  agent: (url: string, server: string) => Promise<Result<Snapshot, Problem>> | Result<Snapshot, Problem>;
  #nowMs = 0;
  readonly #observer: Observer;
  readonly #source: AgentSource;

  constructor(agent: Play['agent'], configuredUrls: Readonly<Record<string, string>> = {}) {
    this.agent = agent;
    this.#source = {
      deadline: () => new AbortController().signal,
      fetch: async (url, server) => {
        this.asked.push(`${server} ${url}`);
        return await this.agent(url, server);
      },
    };
    this.#observer = new Observer(this.#source, { ...options, configuredUrls }, () => this.#nowMs);
  }

  async tick(...servers: readonly ServerView[]): Promise<ReadonlyMap<string, ObservedServer>> {
    this.asked.length = 0;
    this.#nowMs += periodMs;
    const observed = await this.#observer.observe({ servers }, new AgentRound(this.#source), noLooks);
    return new Map(observed.map((each) => [each.observation.server, each]));
  }
}

const answers = (changes: Partial<Snapshot> = {}) => ok(snapshot({ takenAtMs: Date.now(), ...changes }));
const never = () => new Promise<never>(() => undefined);

test('a tick does not wait for the agents of forty empty slots that never answer', async (t) => {
  await using hole = await blackHole();
  await using agent = await httpServer((_, response) => response.end(JSON.stringify(snapshot())));
  const names = Array.from({ length: 40 }, (_, index) => `slot${index}`);
  const urls = Object.fromEntries(names.map((name) => [name, `http://127.0.0.1:${hole.port}/${name}`]));
  // longer than the test may take: a tick that waited would fail it
  using client = new AgentClient({ timeoutMs: 600_000, token: null });
  const configuredUrls = { ...urls, web1: agent.url };
  const observer = new Observer(client, { ...options, configuredUrls }, () => performance.now());
  const servers = [view('web1'), ...names.map((name) => slot(name))];
  for (let tick = 0; tick < 3; tick += 1) {
    const observed = await observer.observe({ servers }, new AgentRound(client), noLooks);
    t.is(observed[0]?.observation.agent.state, 'fresh');
    for (const { agentHealth, observation } of observed.slice(1)) {
      t.like(agentHealth, { isAsked: false, failures: 0, problem: null });
      t.like(observation.agent, { state: 'stale', code: 'agent-not-asked' });
    }
    t.is(
      silentAgentsProblem(
        'route',
        observed.map(({ observation }) => observation),
      ),
      null,
    );
  }
  await until('they were asked beside the ticks', () => hole.sockets.size > 0);
  t.true(hole.sockets.size <= 32, `${hole.sockets.size}`);
  t.true([...hole.sockets].every((socket) => !socket.destroyed));
});

test('slots are asked rarely, few at a time, and all in turn', async (t) => {
  const play = new Play(() => err(silence));
  const servers = Array.from({ length: 100 }, (_, index) => slot(`s${index}`));
  const counts = new Map<string, number>();
  for (let tick = 0; tick < 2 * asideEveryTicks; tick += 1) {
    await play.tick(...servers);
    t.true(play.asked.length <= 32, `${play.asked.length}`);
    for (const line of play.asked) counts.set(line, (counts.get(line) ?? 0) + 1);
  }
  t.is(counts.size, 100);
  t.deepEqual(new Set(counts.values()), new Set([2]));
});

test('slots that never answer keep others from being asked for a while only, and the tick never', async (t) => {
  const play = new Play((_, server) => (server === 'web1' ? answers() : never()));
  const servers = Array.from({ length: 100 }, (_, index) => slot(`s${index}`));
  for (let tick = 0; tick < 3; tick += 1) {
    const seen = await play.tick(view('web1'), ...servers);
    t.is(seen.get('web1')?.observation.agent.state, 'fresh');
  }
});

test('a slot is asked at once when its address, its port or its state changes', async (t) => {
  const play = new Play(() => err(silence));
  const asked = async (each: ServerView) => {
    await play.tick(each);
    return play.asked.length;
  };
  t.is(await asked(slot('s1')), 1);
  t.is(await asked(slot('s1')), 0);
  t.is(await asked(slot('s1', { address: '10.0.0.9' })), 1);
  t.is(await asked(slot('s1', { address: '10.0.0.9' })), 0);
  t.is(await asked(slot('s1', { address: '10.0.0.9', port: 80 })), 1);
  t.is(await asked(slot('s1', { address: '10.0.0.9', port: 80, exclusion: 'down', haproxyStatus: 'DOWN' })), 1);
});

test('a server that comes into rotation has a fresh snapshot at that tick', async (t) => {
  const play = new Play((url) => (url.includes('172.4.0.4') ? err(silence) : answers()));
  for (let tick = 0; tick < 3; tick += 1) await play.tick(slot('s1'));
  const seen = await play.tick(view('s1', { address: '10.0.0.9' }));
  t.like(seen.get('s1')?.observation.agent, { state: 'fresh' });
  t.like(seen.get('s1')?.agentHealth, { isAsked: true, failures: 0, problem: null });
});

test("HAProxy's own machine does not answer for a slot in maintenance", async (t) => {
  const play = new Play(() => answers(), { dyn1: 'http://127.0.0.1:19703' });
  const addresses = ['127.0.0.1', '127.9.9.9', '0.0.0.0', '::1', '::', '::ffff:127.0.0.1'];
  const slots = addresses.map((address, index) => slot(`s${index}`, { address }));
  const zero = slot('s9', { address: '127.0.0.1', exclusion: 'configured-zero', haproxyStatus: 'MAINT' });
  for (let tick = 0; tick < 3; tick += 1) {
    const seen = await play.tick(...slots, zero, slot('gone', { address: '' }), slot('dyn1', { address: '127.0.0.1' }));
    if (tick === 0)
      t.deepEqual(play.asked, ['dyn1 http://127.0.0.1:19703'], 'only the one that the configuration names');
    t.true(
      play.asked.every((line) => line.startsWith('dyn1 ')),
      play.asked.join(),
    );
    for (const [server, { observation, agentHealth, snapshot: held }] of seen) {
      if (server === 'dyn1') continue;
      t.is(observation.agent.state, 'stale');
      t.is(held, null);
      t.is(observation.machine, '');
      t.like(agentHealth, { isAsked: false, failures: 0, problem: null });
    }
  }
  const up = await play.tick(view('s0', { address: '127.0.0.1' }));
  t.is(up.get('s0')?.observation.agent.state, 'fresh', 'in rotation it is a server there');
});

test('a server out of rotation whose agent answers is shown at every tick, from the second on', async (t) => {
  const play = new Play(() => answers({ takenAtMs: Math.floor(Math.random() * 1e12) }));
  const states: (string | undefined)[] = [];
  for (let tick = 0; tick < 4; tick += 1) {
    const seen = await play.tick(view('s1', { exclusion: 'drain' }));
    states.push(seen.get('s1')?.observation.agent.state);
    if (tick > 0) t.is(seen.get('s1')?.agentHealth.isAsked, true);
  }
  t.deepEqual(states.slice(1), ['fresh', 'fresh', 'fresh']);
});

test('a server that goes down with its agent costs one more tick its wait, and is no failure', async (t) => {
  const play = new Play(() => answers());
  await play.tick(view('s1'));
  play.agent = () => err(silence);
  const down = view('s1', { exclusion: 'down', haproxyStatus: 'DOWN' });
  const seen = await play.tick(down);
  t.is(play.asked.length, 1);
  t.like(seen.get('s1')?.agentHealth, { failures: 0, problem: null });
  const rarely: number[] = [];
  for (let tick = 0; tick < asideEveryTicks + 1; tick += 1) {
    await play.tick(down);
    rarely.push(play.asked.length);
  }
  t.is(
    rarely.reduce((sum, count) => sum + count),
    2,
    rarely.join(' '),
  );
});

test('failures of a server in rotation count, with its problem', async (t) => {
  const play = new Play(() => err(silence));
  await play.tick(view('s1'));
  const seen = await play.tick(view('s1'));
  t.like(seen.get('s1')?.agentHealth, { isAsked: true, failures: 2, problem: silence });
  const later = await play.tick(view('s1', { exclusion: 'maintenance' }));
  t.like(later.get('s1')?.agentHealth, { isAsked: false, failures: 2, problem: null });
});

test('a name that gets another address or port is a newcomer: no counters, no snapshot of the one before', async (t) => {
  const changes: Partial<ServerView>[] = [{ address: '10.0.0.2' }, { port: 8081 }];
  for (const change of changes) {
    const play = new Play(() => answers());
    await play.tick(view('s1'));
    play.agent = () => err(silence);
    const counters = { ok: 500, errors: 3, clientErrors: 0, redispatches: 0, retries: 0, started: 0, queued: 0 };
    const held = await play.tick(view('s1', { counters }));
    t.like(held.get('s1')?.observation, { traffic: { ok: 400, errors: 3, clientErrors: 0 } });
    t.is(held.get('s1')?.observation.agent.state, 'fresh', 'one lost answer is bridged');
    const seen = await play.tick(view('s1', { counters, ...change }));
    t.is(seen.get('s1')?.observation.traffic, null);
    t.like(seen.get('s1')?.observation.agent, { state: 'stale', ageMs: null });
    t.is(seen.get('s1')?.snapshot, null);
    t.is(seen.get('s1')?.agentHealth.failures, 1);
    const next = await play.tick(view('s1', { counters: { ...counters, ok: 510 }, ...change }));
    t.like(next.get('s1')?.observation.traffic, { ok: 10 });
  }
});

test('a server that loses its address and gets it back is the same; with another one it is not', async (t) => {
  for (const [address, isSame] of [
    ['10.0.0.1', true],
    ['10.0.0.2', false],
  ] as const) {
    const play = new Play(() => answers());
    await play.tick(view('s1'));
    await play.tick(view('s1', { address: '', exclusion: 'maintenance', haproxyStatus: 'MAINT (resolution)' }));
    const seen = await play.tick(
      view('s1', {
        address,
        counters: { ok: 107, errors: 0, clientErrors: 0, redispatches: 0, retries: 0, started: 0, queued: 0 },
      }),
    );
    t.deepEqual(seen.get('s1')?.observation.traffic, isSame ? { ok: 7, errors: 0, clientErrors: 0 } : null);
  }
});

test("an answer of a slot's predecessor that comes late does not count", async (t) => {
  const late = Promise.withResolvers<Result<Snapshot, Problem>>();
  const play = new Play((url) => (url.includes('172.4.0.4') ? late.promise : err(silence)));
  await play.tick(slot('s1'));
  await play.tick(slot('s1', { address: '10.0.0.9' }));
  late.resolve(answers());
  const seen = await play.tick(slot('s1', { address: '10.0.0.9' }));
  t.is(seen.get('s1')?.snapshot, null);
});

test('an agent of several servers is asked once a tick, and they share its cores', async (t) => {
  let requests = 0;
  const body = JSON.stringify(snapshot({ effectiveCores: 4, host: 'vmA' }));
  await using agent = await httpServer((_, response) => {
    requests += 1;
    response.end(body);
  });
  using client = new AgentClient({ timeoutMs: 30_000, token: null });
  const urlTemplate = `http://{address}:${agent.port}`;
  const options = { urlTemplate, configuredUrls: {}, staleAfterMs: 3_000, tcpQueueParts: [], backends: 1 };
  const observer = new Observer(client, options, () => performance.now());
  // more than are asked together
  const servers = Array.from({ length: 100 }, (_, index) =>
    view(`a${index}`, { address: '127.0.0.1', port: 8_000 + index }),
  );
  for (const tick of [1, 2]) {
    const observed = await observer.observe({ servers }, new AgentRound(client), noLooks);
    t.is(requests, tick);
    for (const { observation } of observed) {
      t.like(observation, { machine: 'vmA', agent: { state: 'fresh', effectiveCores: 4 / 100 } });
    }
  }
});

test('servers that share an agent with the name of one are told to run it without', async (t) => {
  const body = JSON.stringify(snapshot({ server: 'a1', host: 'vmA', effectiveCores: 4 }));
  await using agent = await httpServer((_, response) => response.end(body));
  using client = new AgentClient({ timeoutMs: 30_000, token: null });
  const urlTemplate = `http://{address}:${agent.port}`;
  const options = { urlTemplate, configuredUrls: {}, staleAfterMs: 3_000, tcpQueueParts: [], backends: 1 };
  const observer = new Observer(client, options, () => performance.now());
  const servers = ['a1', 'a2', 'a3'].map((name, index) => view(name, { address: '127.0.0.1', port: 8_001 + index }));
  const [a1, a2] = await observer.observe({ servers }, new AgentRound(client), noLooks);
  t.like(a1?.observation, { machine: 'vmA', agent: { state: 'fresh', effectiveCores: 4 / 3 } });
  t.is(a2?.observation.machine, 'vmA', 'where it runs is known all the same');
  t.is(a2?.agentHealth.problem?.code, 'agent-wrong-server');
  const line = a2?.agentHealth.problem ? formatProblem(a2.agentHealth.problem) : '';
  t.regex(line, /one agent answers for 3 servers.*without --name.*a1, a2, a3 share its cores\.$/);
});

test('with a certificate for each server, each sees its own, also at one URL', async (t) => {
  const asked: string[] = [];
  await using agent = await httpServer((request, response) => {
    asked.push(request.url ?? '');
    response.end(JSON.stringify(snapshot()));
  });
  const tls = {
    files: { onRenewed: () => undefined, [Symbol.dispose]: () => undefined } as never,
    verify: 'server',
  } as const;
  using client = new AgentClient({ timeoutMs: 30_000, token: null, tls });
  const deadline = client.deadline();
  await Promise.all(['a1', 'a2', 'a1'].map((server) => client.fetch(agent.url, server, deadline)));
  t.is(asked.length, 2);
});

test('the machine of a server is remembered while its agent is silent', async (t) => {
  const play = new Play(() => answers({ machine: 'boot-1' }));
  await play.tick(view('s1'));
  play.agent = () => err(silence);
  for (let tick = 0; tick < 5; tick += 1) {
    const seen = await play.tick(view('s1'));
    t.is(seen.get('s1')?.observation.machine, 'boot-1');
  }
});

test('an agent of another version is used, and is said to be one', async (t) => {
  const play = new Play((_, server) => answers({ version: Number(server.slice(1)), host: server }));
  const names = ['v1', 'v2', 'v3'];
  const seen = await play.tick(...names.map((name, index) => view(name, { address: `10.0.0.${index}` })));
  const notes = names.map((name) => seen.get(name)?.agentHealth.otherVersion ?? null);
  t.regex(notes[0] ? formatProblem(notes[0]) : '', /older than this controller.*got version 1\. Upgrade the agent\.$/);
  t.is(notes[1], null);
  t.regex(
    notes[2] ? formatProblem(notes[2]) : '',
    /newer than this controller.*got version 3\. Upgrade the controller\.$/,
  );
  for (const each of seen.values()) t.is(each.observation.agent.state, 'fresh');
});
