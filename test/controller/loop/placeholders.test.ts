import { readFileSync } from 'node:fs';
import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { renderMetrics } from '../../../controller/serve/metrics.ts';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';
import { systemClock } from '../../../shared/clock.ts';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { operatorSays } from '../../../testbed/rig/operator.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haproxyTest } from '../../haproxy/setup.ts';
import { blackHole } from '../../support/black-hole.ts';
import { httpServer } from '../../support/http-server.ts';
import { snapshot } from '../../support/snapshot.ts';
import { recordingLogger } from '../support/recording-logger.ts';

// What ingress controllers and routers write: servers for pods that do not exist yet. The files are as they are in the field.

const field = (name: string) => readFileSync(new URL(`field/${name}`, import.meta.url), 'utf8');
const timeouts = 'defaults\n  mode http\n  timeout connect 1s\n  timeout client 10s\n  timeout server 10s\n';

async function agentOn(host: string, changes: Partial<Snapshot>) {
  let count = 0;
  const answer = () => {
    count += 1;
    return JSON.stringify(snapshot({ takenAtMs: count, ...changes }));
  };
  return await httpServer((_, response) => response.end(answer()), host);
}

haproxyTest('slots that wait for a pod delay no tick and are no failure', async (t) => {
  await using haproxy = await startHaproxy({ configuration: `${timeouts}${field('placeholders.cfg')}` });
  await using hole = await blackHole();
  await using agent = await agentOn('127.0.0.1', {});
  const pod = 'pod:shop-7d9c-x2x4z:shop:http:10.128.0.5:8080';
  const slots = [1, 2, 3, 4, 5].map((index) => `_dynamic-pod-${index}`);
  const urls = Object.fromEntries(slots.slice(1).map((name) => [name, `http://127.0.0.1:${hole.port}/${name}`]));
  const config = configSchema.parse({
    haproxy: { socket: haproxy.socket },
    // the first slot's agent is where its address is, as in real life
    agents: { url: `http://{address}:${agent.port}` },
    backends: [{ name: 'route', agents: { ...urls, [pod]: agent.url } }],
  });
  // far longer than this test may take: a tick that waits for a slot does not end
  using agents = new AgentClient({ timeoutMs: 600_000, token: null });
  const { logger, lines } = recordingLogger();
  const loop = new Loop({ config, api: new RuntimeApi(config.haproxy), agents, logger, clock: systemClock });
  const server = (name: string) => loop.status.backends[0]?.servers.find((each) => each.server === name);

  for (let tick = 0; tick < 3; tick += 1) await loop.tick();
  t.is(loop.status.backends[0]?.problem, null);
  t.is(loop.status.waitingFor, null);
  t.is(server(pod)?.agent.state, 'fresh');
  for (const name of slots) {
    t.like(server(name)?.agent, { asked: false, failures: 0, code: null, detail: null });
    t.regex(
      server(name)?.agent.notes[0] ?? '',
      /^its server is out of rotation, so no tick waits for it until it answers; /,
    );
  }
  await until('they were asked beside the ticks', () => hole.sockets.size === 4);
  const metrics = await renderMetrics(loop.status);
  t.is(metrics.match(/^haweight_agent_fresh\{/gm)?.length, 1, metrics);
  t.false(/^haweight_agent_failures_total\{.*\} [1-9]/m.test(metrics), metrics);
  t.deepEqual(
    lines.filter(({ message }) => message === 'agent problem'),
    [],
  );
});

haproxyTest(
  'slots with configured weight 0, several servers on one VM, and a slot whose agent never answers',
  async (t) => {
    await using haproxy = await startHaproxy({ configuration: field('slots-and-one-vm.cfg') });
    await using hole = await blackHole();
    await using vmA = await agentOn('127.0.0.1', { host: 'vmA', version: 1, effectiveCores: 4 });
    await using vmB = await agentOn('127.0.0.2', { host: 'vmB', version: 1, effectiveCores: 4 });
    const named = { b1: vmB.url };
    const config = configSchema.parse({
      haproxy: { socket: haproxy.socket },
      agents: { url: `http://{address}:${vmA.port}` },
      backends: [
        { name: 'slots' },
        { name: 'app', agents: named },
        { name: 'route', agents: { dyn1: `http://127.0.0.1:${hole.port}` } },
      ],
    });
    using agents = new AgentClient({ timeoutMs: 600_000, token: null });
    const { logger, lines } = recordingLogger();
    const loop = new Loop({ config, api: new RuntimeApi(config.haproxy), agents, logger, clock: systemClock });
    await loop.tick();
    await loop.tick();
    const [slots, app, route] = loop.status.backends;
    t.like(slots?.servers[1], { server: 'srv002', haproxyStatus: 'MAINT', agent: { asked: false, code: null } });
    t.deepEqual(
      app?.servers.map(({ server, effectiveCores, sharesMachineWith }) => [server, effectiveCores, sharesMachineWith]),
      [
        ['a1', 1, ['a2', 'a3', 'a4']],
        ['a2', 1, ['a1', 'a3', 'a4']],
        ['a3', 1, ['a1', 'a2', 'a4']],
        ['a4', 1, ['a1', 'a2', 'a3']],
        ['b1', 4, []],
      ],
    );
    t.like(route?.servers[2], { server: 'dyn1', agent: { asked: false, failures: 0, code: null, detail: null } });
    t.deepEqual(
      route?.servers.map(({ effectiveCores }) => effectiveCores),
      [2, 2, null],
    );
    const versions = lines.filter(({ message }) => message === 'agent of another version');
    t.is(versions.filter((line) => 'server' in line && line.server === 'a1').length, 1, 'once, not at every tick');

    const p2 = () => loop.status.backends[2]?.servers[1];
    await operatorSays(haproxy, 'set server route/p2 state maint');
    await loop.tick();
    t.like(p2(), { exclusion: 'maintenance', agent: { asked: false, code: null } });
    await operatorSays(haproxy, 'set server route/p2 addr 127.0.0.1 port 8009');
    await operatorSays(haproxy, 'set server route/p2 state ready');
    await loop.tick();
    const back = { exclusion: null, port: 8009, traffic: null, agent: { state: 'fresh', asked: true, failures: 0 } };
    t.like(p2(), back, 'another port is another server, and has a fresh snapshot at its first tick');
  },
);
