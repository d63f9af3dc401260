import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import test from 'ava';
import { introduction } from '../../../testbed/demo/introduction.ts';
import { haproxyConfiguration, planFleet } from '../../../testbed/demo/plan.ts';
import { defaultSettings } from '../../../testbed/demo/settings.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { freePorts } from '../../../testbed/rig/ports.ts';

const hosts = ['127.0.0.1', '127.0.0.2'];

async function listen(port: number, host: string) {
  const server = createServer();
  await once(server.listen(port, host), 'listening');
  const close = async () => void (await once(server.close(), 'close'));
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: close };
}

test('a wanted port is taken where it is free, and never given out twice', async (t) => {
  const [port] = await freePorts([{ port: 0, hosts }]);
  const ports = await freePorts([
    { port, hosts },
    { port, hosts },
  ]);
  t.is(ports[0], port);
  t.not(ports[1], port);
});

test('a port that is taken on only one of its addresses is replaced by one that is free on all', async (t) => {
  await using taken = await listen(0, '127.0.0.2');
  // a connection of a test beside this one may take it in the moment after
  const isFree = async (port: number) => {
    for (const host of hosts) {
      const server = await listen(port, host).catch(() => null);
      if (server === null) return false;
      await server[Symbol.asyncDispose]();
    }
    return true;
  };
  for (let attempt = 1; ; attempt += 1) {
    const [port] = await freePorts([{ port: taken.port, hosts }]);
    t.not(port, taken.port);
    if ((await isFree(port)) || attempt === 5) {
      t.true(attempt < 5, 'not free on all of its addresses');
      return;
    }
  }
});

test('every server has its own address, one agent port for all, and the same configured weight', async (t) => {
  const plan = await planFleet(defaultSettings.servers);
  t.is(new Set(plan.members.map(({ address }) => address)).size, 4);
  t.true(plan.members.every(({ address, agentUrl }) => agentUrl === `http://${address}:${plan.agentPort}`));
  const lines = renderConfiguration(haproxyConfiguration(plan, defaultSettings)).split('\n');
  t.is(lines.filter((line) => / server s\d 127\.0\.0\.1\d:\d+ weight 100 /.test(line)).length, 4);
});

test('the commands to look at it name ports only where haweight would not find them by itself', (t) => {
  const settings = { ...defaultSettings, phaseSeconds: 40, seed: 1, policy: 'inverse-load' };
  const plan = { frontPort: 9480, controllerPort: 9478, agentPort: 9477, members: [] };
  const commands = (other: object) =>
    introduction({ settings, plan: { ...plan, ...other }, socket: '/tmp/a.sock', haweight: 'haweight' })
      .filter((line) => line.startsWith('  haweight'))
      .map((line) => line.trim());
  t.deepEqual(commands({}), [
    'haweight doctor --socket /tmp/a.sock --backend web',
    'haweight weights --watch',
    'haweight explain web/s1',
  ]);
  t.deepEqual(commands({ agentPort: 1234, controllerPort: 5678 }), [
    'haweight doctor --socket /tmp/a.sock --backend web --agent-url http://{address}:1234',
    'haweight weights --watch --controller http://127.0.0.1:5678',
    'haweight explain web/s1 --controller http://127.0.0.1:5678',
  ]);
});
