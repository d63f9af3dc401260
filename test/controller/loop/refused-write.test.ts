import { configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import type { AgentSource } from '../../../controller/observe/agent-client.ts';
import { type HaproxyControl, RuntimeApi, type WeightChange } from '../../../haproxy/runtime-api.ts';
import { ok } from '../../../shared/contract/result.ts';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { haproxyTest as test, weights } from '../../haproxy/setup.ts';
import { snapshot } from '../../support/snapshot.ts';
import { recordingLogger } from '../support/recording-logger.ts';

/* HAProxy is reloaded with a static algorithm between a tick's look at it and its write: it takes the zeros of that batch only. */

const names = ['s1', 's2', 's3'];
const configured = { s1: 100, s2: 100, s3: 100 };
const configurationOf = (algorithm: string) => {
  const servers = names.map((name, index) => ({ name, address: `127.0.0.1:${index + 1}` }));
  return renderConfiguration({ backends: [{ name: 'web', algorithm, servers }] });
};

const { metrics } = snapshot();
const calm: Snapshot['metrics'] = { ...metrics, tcpQueues: { ...metrics.tcpQueues, utilisation: 0.1 } as never };
const overloaded: Snapshot['metrics'] = { ...calm, ram: { ...metrics.ram, utilisation: 0.97 } as never };

const isDrain = ({ server, weight }: WeightChange) => server === 's3' && weight === 0;

for (const [algorithm, batch] of [
  ['source', 'refused in part'],
  ['static-rr', 'refused in part'],
  ['source', 'taken, as it has zeros only'],
  ['static-rr', 'taken, as it has zeros only'],
] as const) {
  test(`a reload to ${algorithm} between look and write: a batch that is ${batch} is undone`, async (t) => {
    await using haproxy = await startHaproxy({ configuration: configurationOf('roundrobin'), masterWorker: true });
    const real = new RuntimeApi({ socket: haproxy.socket });
    const isMixed = batch === 'refused in part';
    const sent: string[] = [];
    let reloaded = false;
    const api: HaproxyControl = {
      info: () => real.info(),
      servers: (backend) => real.servers(backend),
      stats: (backend) => real.stats(backend),
      setLimits: (backend, changes) => real.setLimits(backend, changes),
      setWeights: async (backend, changes) => {
        sent.push(changes.map(({ server, weight }) => `${server}=${weight}`).join(' '));
        if (reloaded || !changes.some(isDrain)) return await real.setWeights(backend, changes);
        reloaded = true;
        await haproxy.reload(configurationOf(algorithm));
        return await real.setWeights(backend, isMixed ? [...changes, { server: 's2', weight: 99 }] : changes);
      },
    };
    let nowMs = 1_000_000;
    let ticks = 0;
    const said = (server: string) => (server === 's3' && ticks > 5 ? overloaded : calm);
    const agents: AgentSource = {
      deadline: () => new AbortController().signal,
      fetch: (_, server) => Promise.resolve(ok(snapshot({ takenAtMs: nowMs, ageMs: 5, metrics: said(server) }))),
    };
    const config = configSchema.parse({ haproxy: { socket: haproxy.socket }, backends: [{ name: 'web' }] });
    const { logger, lines } = recordingLogger();
    const clock = { monotonicMs: () => nowMs, wallMs: () => nowMs };
    const loop = new Loop({ config, api, agents, logger, clock });
    const tick = async (count = 1) => {
      for (let done = 0; done < count; done += 1) {
        nowMs += 2_000;
        ticks += 1;
        await loop.tick();
      }
    };
    for (let count = 0; count < 60 && !reloaded; count += 1) await tick();
    t.true(reloaded, sent.join('; '));
    if (isMixed) t.deepEqual(await weights(real, 'web'), configured, 'undone at the same tick');
    else t.deepEqual(await weights(real, 'web'), { ...configured, s3: 0 }, 'taken by the new process');
    await tick(3);
    t.deepEqual(await weights(real, 'web'), configured);
    t.true(lines.some(({ message, code }) => message === 'backend problem' && code === 'backend-static'));
    const count = sent.length;
    await tick(5);
    await loop.look();
    t.deepEqual(await loop.restore(), []);
    t.is(sent.length, count, `nothing more is written: ${sent.slice(count).join('; ')}`);
  });
}
