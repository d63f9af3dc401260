import test from 'ava';
import { statusSchema } from '../../../shared/contract/status.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { startHaproxyOf } from '../../../testbed/rig/stack.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Haweight, haweight } from '../../support/process.ts';
import { appPort, Stack } from '../../support/stack.ts';

const servers = ['fast1', 'fast2', 'slow'];
/** A request takes three times the CPU on the slow server; agents say that all have the same cores. */
const workCpuMs = { fast1: 4, fast2: 4, slow: 12 };
const flags = ['--policy', 'capacity', '--period-ms', '2000'];

/** How many times the slow server's weight the fast ones have. */
const ratioOf = (weights: ReadonlyMap<string, number>) =>
  ((weights.get('fast1') ?? 0) + (weights.get('fast2') ?? 0)) / 2 / (weights.get('slow') ?? Number.NaN);

test.serial('a standby learns real speeds from the active HAProxy before its first request', async (t) => {
  await using stack = await Stack.start({ algorithm: 'random(2)', cores: 0.3, servers });
  for (const [name, each] of Object.entries(workCpuMs)) await stack.tell(name, { cpuMs: each });
  const load = stack.startLoad(12);
  await stack.startController(...flags);
  const active = stack.statusUrl;

  const again = servers.map((name) => ({ name, address: `${stack.addressOf(name)}:${appPort}` }));
  const port = await freePort();
  await using standby = await startHaproxyOf({
    configuration: {
      frontends: [{ name: 'front', bind: `127.0.0.1:${port}`, backend: 'web' }],
      backends: [{ name: 'web', algorithm: 'random(2)', servers: again }],
    },
  });
  const listen = `127.0.0.1:${await freePort()}`;
  const own = ['--socket', standby.socket, '--backend', 'web', '--listen', listen];
  const peers = ['--peer', active, '--peer', `http://${listen}`];
  await using controller = new Haweight(['controller', ...own, ...flags, ...peers]);
  const status = async () => statusSchema.parse(await (await fetch(`http://${listen}/v1/status`)).json());
  const weights = async () => {
    const said = await standby.api.servers('web');
    return new Map(said.ok ? said.value.map(({ server, weight }) => [server, weight]) : []);
  };
  await until(
    () => `the standby's weights follow the speeds: ${controller.stderr}`,
    async () => ratioOf(await weights()) > 2 && (await status()).ticks > 5,
  );
  const shown = await status();
  t.true(
    shown.backends[0]?.servers.every(({ traffic }) => traffic === null || traffic.ok === 0),
    'it had no request',
  );
  t.true(
    shown.backends[0]?.servers.every(({ elsewhere }) => (elsewhere?.ok ?? 0) > 0),
    JSON.stringify(shown.backends),
  );
  t.deepEqual(
    shown.peers.map(({ counts, code }) => [counts, code]),
    [
      [true, null],
      [false, 'peer-same'],
    ],
  );
  t.is(controller.events('peer problem').length, 1, 'said once');
  const doctor = await haweight(['doctor', '--controller', `http://${listen}`]);
  t.regex(doctor.stdout, new RegExp(`ok +peer ${active}: the controller learns`));
  t.deepEqual(load.seen.failed, new Map());
});
