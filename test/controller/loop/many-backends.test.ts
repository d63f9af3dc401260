import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { type HaproxyControl, RuntimeApi } from '../../../haproxy/runtime-api.ts';
import { systemClock } from '../../../shared/clock.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { haproxyTest, weights } from '../../haproxy/setup.ts';
import { blackHole } from '../../support/black-hole.ts';
import { httpServer } from '../../support/http-server.ts';
import { snapshot } from '../../support/snapshot.ts';
import { recordingLogger } from '../support/recording-logger.ts';

// Longer than a test may take: what waits for an agent that hangs does not end.
const foreverMs = 600_000;
const configured = 77;

/** A HAProxy with these backends, whose weights are all 0; the agents of all but `web` hang. */
async function start(backends: readonly string[]) {
  const stack = new AsyncDisposableStack();
  const servers = ['s1', 's2'].map((name) => ({ name, address: '127.0.0.1:9', weight: configured }));
  const configuration = renderConfiguration({ backends: backends.map((name) => ({ name, servers })) });
  const haproxy = stack.use(await startHaproxy({ configuration }));
  const hole = stack.use(await blackHole());
  const agent = stack.use(await httpServer((_, response) => response.end(JSON.stringify(snapshot()))));
  const agents = stack.use(new AgentClient({ timeoutMs: foreverMs, token: null }));
  const config = configSchema.parse({
    // a busy machine may take its time
    haproxy: { socket: haproxy.socket, timeoutMs: 10_000 },
    agents: { url: `http://{address}:${hole.port}/{server}` },
    backends: backends.map((name) => ({ name, agents: name === 'web' ? { s1: agent.url, s2: agent.url } : {} })),
  });
  const { logger, lines } = recordingLogger();
  const loopWith = (api: HaproxyControl) => new Loop({ config, api, agents, logger, clock: systemClock });
  const api = new RuntimeApi(config.haproxy);
  for (const name of backends) await haproxy.api.setWeights(name, zero);
  const close = () => stack.disposeAsync();
  return { haproxy, hole, lines, api, loopWith, [Symbol.asyncDispose]: close };
}

const zero = ['s1', 's2'].map((server) => ({ server, weight: 0 }));
const hanging = Array.from({ length: 20 }, (_, index) => `hung${index}`);

haproxyTest('a backend has its tick while the agents of twenty others hang; a stop then ends it', async (t) => {
  await using play = await start([...hanging, 'web']);
  const { haproxy, hole, lines, api, loopWith } = play;
  const loop = loopWith(api);
  const ticking = loop.tick();
  await until('weights for web', async () => ((await weights(haproxy.api, 'web'))['s1'] ?? 0) > 0);
  // one tick is under way: the rescue does not wait for it
  await loop.look();
  const asked = () => [...hole.sockets].filter(({ destroyed }) => !destroyed).length;
  t.true(asked() > 0, 'the others wait for their agents');
  loop.stop();
  t.false(await ticking, 'it is not a finished tick');
  t.is(loop.status.ticks, 0);
  t.deepEqual(await weights(haproxy.api, 'hung0'), { s1: 0, s2: 0 }, 'nothing is written for what was stopped');
  t.false(await loop.tick(), 'there is none after it');
  t.deepEqual(
    lines.map(({ message }) => message).filter((message) => message === 'agent problem'),
    [],
  );
  t.deepEqual(await loop.restore(), []);
});

haproxyTest("a defect in one backend's restore is told, and the others are restored", async (t) => {
  await using play = await start(['broken', 'web']);
  const { haproxy, api, loopWith } = play;
  let isBroken = false;
  const loop = loopWith({
    info: () => api.info(),
    servers: (name?: string) => {
      if (isBroken && name === 'broken') throw new Error('a defect');
      return api.servers(name);
    },
    stats: (name?: string) => api.stats(name),
    setWeights: (...change) => api.setWeights(...change),
    setLimits: (...change) => api.setLimits(...change),
  });
  const ticking = loop.tick();
  await until('weights for web', async () => ((await weights(haproxy.api, 'web'))['s1'] ?? 0) > 0);
  loop.stop();
  await ticking;
  isBroken = true;
  const problems = await loop.restore();
  t.deepEqual(
    problems.map(({ where, code }) => [where, code]),
    [['backend broken', 'tick-failed']],
  );
  t.deepEqual(await weights(haproxy.api, 'web'), { s1: configured, s2: configured });
});
