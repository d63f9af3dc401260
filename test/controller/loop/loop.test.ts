import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import test from 'ava';
import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { Recorder } from '../../../controller/record/recorder.ts';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';
import { systemClock } from '../../../shared/clock.ts';
import { ok } from '../../../shared/contract/result.ts';
import { EventLog } from '../../../shared/process/event-log.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { haproxyTest, weights } from '../../haproxy/setup.ts';
import { snapshot } from '../../support/snapshot.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { recordingLogger } from '../support/recording-logger.ts';

test('a tick that comes while another is under way is skipped and counted, not queued', async (t) => {
  await using folder = await temporaryFolder();
  const socket = join(folder.path, 'silent.sock');
  let asked = 0;
  const silent = createServer((connection) => {
    asked += 1;
    connection.on('error', () => undefined).resume();
  }).listen(socket);
  await once(silent, 'listening');
  const config = configSchema.parse({ haproxy: { socket, timeoutMs: 200 }, backends: [{ name: 'web' }] });
  using agents = new AgentClient({ timeoutMs: 200, token: null });
  const { logger, lines } = recordingLogger();
  const loop = new Loop({ config, api: new RuntimeApi(config.haproxy), agents, logger, clock: systemClock });

  await Promise.all([loop.tick(), loop.tick(), loop.tick()]);
  t.is(loop.status.ticks, 1);
  t.is(loop.status.skippedTicks, 2);
  t.is(asked, 1, 'one connection at a time');
  t.regex(loop.status.waitingFor ?? '', /silent\.sock/);

  await loop.tick();
  t.is(loop.status.ticks, 2);
  t.deepEqual(
    lines.map(({ message, code }) => [message, code]),
    [['waiting for haproxy', 'haproxy-timeout']],
  );
  silent.close();
});

test('a problem is logged when it appears, when it changes, and when it is over; not in between', (t) => {
  const { logger, lines } = recordingLogger();
  const events = new EventLog(logger);
  const subject = { server: 's1' };
  const problem = (code: 'agent-timeout' | 'agent-not-json') => ({ code, where: 'x', what: 'y' });
  for (const code of ['agent-timeout', 'agent-timeout', 'agent-not-json', 'agent-not-json'] as const) {
    events.report('agent problem', subject, problem(code));
  }
  events.report('agent problem', subject, null);
  events.report('agent problem', subject, null);
  t.deepEqual(
    lines.map(({ level, message, code }) => [level, message, code]),
    [
      ['warn', 'agent problem', 'agent-timeout'],
      ['warn', 'agent problem', 'agent-not-json'],
      ['info', 'agent problem: over', undefined],
    ],
  );
});

haproxyTest('the status is the same object until there is something new in it', async (t) => {
  await using folder = await temporaryFolder();
  const servers = [{ name: 's1', address: '127.0.0.1:9' }];
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({ backends: [{ name: 'web', servers }] }),
  });
  const config = configSchema.parse({ haproxy: { socket: haproxy.socket }, backends: [{ name: 'web' }] });
  using agents = new AgentClient({ timeoutMs: 200, token: null });
  const { logger } = recordingLogger();
  const recorder = new Recorder({ file: join(folder.path, 'ticks.jsonl'), maxBytes: 1_000_000, files: 2, logger });
  const api = new RuntimeApi(config.haproxy);
  const loop = new Loop({ config, api, agents, logger, clock: systemClock, recorder });
  await loop.tick();
  await recorder.close();
  const first = loop.status;
  t.is(first.recording?.ticks, 1, 'what the disk has by now is told');
  await loop.look();
  t.is(loop.status, first, 'a look between ticks that found nothing to do is nothing new');
  loop.countSkipped();
  t.is(loop.status.skippedTicks, 1);
  const skipped = loop.status;
  await loop.tick();
  t.not(loop.status, skipped);
  t.is(loop.status.ticks, 2);
  await recorder.close();
  t.is(loop.status.recording?.ticks, 2);
  const found = loop.status;
  await haproxy.stop();
  await loop.tick();
  t.false(found.waitingFor?.includes(haproxy.socket));
  t.true(loop.status.waitingFor?.includes(haproxy.socket));
});

haproxyTest('a tick that could not read its backend repeats nothing of the tick before', async (t) => {
  const servers = [{ name: 's1', address: '127.0.0.1:9' }];
  const configuration = renderConfiguration({ backends: [{ name: 'web', servers }] });
  await using haproxy = await startHaproxy({ configuration, masterWorker: true });
  const config = configSchema.parse({ haproxy: { socket: haproxy.socket }, backends: [{ name: 'web' }] });
  using agents = new AgentClient({ timeoutMs: 200, token: null });
  const { logger, lines } = recordingLogger();
  logger.level = 'debug';
  const loop = new Loop({ config, api: new RuntimeApi(config.haproxy), agents, logger, clock: systemClock });
  await haproxy.api.setWeights('web', [{ server: 's1', weight: 0 }]);
  await loop.tick();
  const changes = () => lines.filter(({ message }) => message === 'weights changed').length;
  t.is(changes(), 1, 'an all-zero backend was put right');
  await haproxy.reload(renderConfiguration({ backends: [{ name: 'other', servers }] }));
  await loop.tick();
  t.regex(loop.status.backends[0]?.problem ?? '', /web/);
  t.is(changes(), 1);
  t.false(loop.status.backends[0]?.servers[0]?.written);
});

haproxyTest('a defect in one backend costs it the tick: the others have theirs', async (t) => {
  const servers = [{ name: 's1', address: '127.0.0.1:9', weight: 77 }];
  const names = ['broken', 'web'];
  const configuration = renderConfiguration({ backends: names.map((name) => ({ name, servers })) });
  await using haproxy = await startHaproxy({ configuration });
  const config = configSchema.parse({
    haproxy: { socket: haproxy.socket },
    backends: names.map((name) => ({ name })),
  });
  using agents = new AgentClient({ timeoutMs: 200, token: null });
  const { logger, lines } = recordingLogger();
  const real = new RuntimeApi(config.haproxy);
  let isBroken = true;
  const api = {
    info: () => real.info(),
    servers: (name?: string) => real.servers(name),
    setWeights: real.setWeights.bind(real),
    setLimits: real.setLimits.bind(real),
    stats: (name?: string) => {
      if (isBroken && name === 'broken') throw new Error('a defect');
      return real.stats(name);
    },
  };
  const loop = new Loop({ config, api, agents, logger, clock: systemClock });
  for (const name of names) await haproxy.api.setWeights(name, [{ server: 's1', weight: 0 }]);
  await loop.tick();
  t.is((await weights(haproxy.api, 'web'))['s1'], 77, 'put right, though the backend before it failed');
  t.is(loop.status.ticks, 1);
  t.deepEqual(
    lines.filter(({ message }) => message === 'tick failed').map(({ backend }) => backend),
    ['broken'],
  );
  t.regex(loop.status.backends[0]?.problem ?? '', /^backend broken: .*a defect/, 'the status shows it too');
  t.regex(loop.status.backends[1]?.problem ?? '', /^backend web: waiting for agents/);
  isBroken = false;
  await loop.tick();
  t.regex(loop.status.backends[0]?.problem ?? '', /^backend broken: waiting for agents/);
  t.deepEqual(await loop.restore(), []);
  t.is((await weights(haproxy.api, 'broken'))['s1'], 77);
});

haproxyTest('the literal paper may drain every server, and nothing undoes that between ticks', async (t) => {
  const servers = [{ name: 's1', address: '127.0.0.1:9', weight: 77 }];
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({ backends: [{ name: 'web', servers }] }),
  });
  const config = configSchema.parse({
    haproxy: { socket: haproxy.socket },
    backends: [{ name: 'web' }],
    policy: 'paper',
  });
  const raw = { busyCoreSeconds: 3.9, availableCoreSeconds: 4, stealCoreSeconds: 0 };
  const busy = snapshot();
  const full = { ...busy, metrics: { ...busy.metrics, cpu: { status: 'ok' as const, utilisation: 0.975, raw } } };
  const agents = { deadline: () => AbortSignal.timeout(1_000), fetch: async () => ok(full) };
  const { logger } = recordingLogger();
  const loop = new Loop({ config, api: new RuntimeApi(config.haproxy), agents, logger, clock: systemClock });
  await loop.tick();
  t.deepEqual(await weights(haproxy.api, 'web'), { s1: 0 });
  await loop.look();
  t.deepEqual(await weights(haproxy.api, 'web'), { s1: 0 });
});

haproxyTest('a weight that HAProxy refused is not shown as if it were in force', async (t) => {
  const servers = [{ name: 's1', address: '127.0.0.1:9', weight: 77 }];
  const configuration = renderConfiguration({
    sockets: [{ bind: 'unix@operator.sock', level: 'operator' }],
    backends: [{ name: 'web', servers }],
  });
  await using haproxy = await startHaproxy({ configuration });
  const socket = join(haproxy.folder, 'operator.sock');
  const config = configSchema.parse({ haproxy: { socket }, backends: [{ name: 'web' }] });
  using agents = new AgentClient({ timeoutMs: 200, token: null });
  const { logger } = recordingLogger();
  const loop = new Loop({ config, api: new RuntimeApi(config.haproxy), agents, logger, clock: systemClock });
  await haproxy.api.setWeights('web', [{ server: 's1', weight: 0 }]);
  await loop.tick();
  const [backend] = loop.status.backends;
  t.regex(backend?.problem ?? '', /level/);
  t.like(backend?.servers[0], { weight: 0, written: false });
  t.is(loop.status.weightsWritten, 0);
});
