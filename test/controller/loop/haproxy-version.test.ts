import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { type HaproxyControl, RuntimeApi } from '../../../haproxy/runtime-api.ts';
import { systemClock } from '../../../shared/clock.ts';
import { ok } from '../../../shared/contract/result.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { haproxyTest as test } from '../../haproxy/setup.ts';
import { recordingLogger } from '../support/recording-logger.ts';

/** A real HAProxy that says it is of another version. */
function saying(api: RuntimeApi, version: () => string): HaproxyControl {
  return {
    info: async () => {
      const info = await api.info();
      return info.ok ? ok({ ...info.value, version: version() }) : info;
    },
    servers: (backend) => api.servers(backend),
    stats: (backend) => api.stats(backend),
    setWeights: (backend, changes) => api.setWeights(backend, changes),
    setLimits: (backend, changes) => api.setLimits(backend, changes),
  };
}

test('a HAProxy of a version that we were not made for: said once, and the loop goes on', async (t) => {
  const servers = [{ name: 's1', address: '127.0.0.1:9' }];
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration({ backends: [{ name: 'web', servers }] }),
  });
  await haproxy.api.setWeights('web', [{ server: 's1', weight: 0 }]);
  const config = configSchema.parse({ haproxy: { socket: haproxy.socket }, backends: [{ name: 'web' }] });
  using agents = new AgentClient({ timeoutMs: 200, token: null });
  const { logger, lines } = recordingLogger();
  let version = '9.9.1';
  const api = saying(new RuntimeApi(config.haproxy), () => version);
  const loop = new Loop({ config, api, agents, logger, clock: systemClock });
  const said = () => lines.filter(({ message }) => message.startsWith('haproxy version'));
  for (let tick = 0; tick < 3; tick += 1) await loop.tick();
  t.deepEqual(
    said().map(({ level, message, code }) => [level, message, code]),
    [['warn', 'haproxy version', 'haproxy-version']],
  );
  t.is(loop.status.ticks, 3);
  t.true(loop.status.weightsWritten > 0, 'an all-zero backend was put right all the same');
  version = '3.4.0';
  await loop.tick();
  t.is(said().at(-1)?.message, 'haproxy version: over');
});
