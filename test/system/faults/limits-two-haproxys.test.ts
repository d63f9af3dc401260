import test from 'ava';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Haweight } from '../../support/process.ts';
import { configurationOf } from '../../support/stack.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';
import { boundOfThree, LimitsRun, names, scaling } from './support/limits-run.ts';
import { OpenLoad } from './support/open-load.ts';

test.serial('two HAProxys before the same servers: each bounds its own part, none fails', async (t) => {
  const described = { servers: names, lines: [...scaling.lines], serverOptions: scaling.server };
  await using run = await LimitsRun.start({ ...described, flags: ['--policy', 'equal'] });
  const { stack } = run;
  const port = await freePort();
  const network = stack.addressOf('s1').split('.').slice(0, 3).join('.');
  await using haproxy = await startHaproxy({
    configuration: renderConfiguration(configurationOf(described, network, port)),
  });
  await using folder = await temporaryFolder();
  const target = ['--socket', haproxy.socket, '--backend', 'web', '--listen', `127.0.0.1:${await freePort()}`];
  const agents = ['--agent-url', 'http://{address}:9477', '--period-ms', '1000'];
  await using _controller = new Haweight(['controller', ...target, ...agents, '--limits', 'on', '--policy', 'equal'], {
    RUNTIME_DIRECTORY: folder.path,
  });
  await Promise.all(names.map((name) => stack.tell(name, { waitMs: 50 })));
  const first = run.load(60);
  await using second = new OpenLoad(port, 60, 2);
  const theirs = async () => {
    const rows = await haproxy.api.stats('web');
    return rows.ok ? rows.value.filter(({ kind }) => kind === 'server').map(({ limit }) => limit) : [];
  };
  const ours = [boundOfThree, boundOfThree, boundOfThree];
  await until('limits of both', async () => [await run.limits(), await theirs()].join() === [ours, ours].join());
  const fromMs = performance.now();
  await stack.ticks(8);
  for (const load of [first, second]) {
    const { failed, served, requests } = await load.seen(fromMs, performance.now());
    t.deepEqual([...failed], []);
    t.log(JSON.stringify([...served]));
    for (const name of names) t.true(Math.abs((served.get(name) ?? 0) / requests - 1 / 3) < 0.05, name);
  }
});
