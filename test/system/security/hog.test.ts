import test from 'ava';
import { Child } from '../../../testbed/rig/child.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { Haweight, haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';

const hogProgram = new URL('support/hog.ts', import.meta.url).pathname;
const answerMs = 30_000;

/** A hog in its own process (support/hog.ts). Returns its report when asked. */
function startHog(host: string, port: number, from: string, how: 'flood' | 'hold') {
  const child = new Child('hog', [process.execPath, hogProgram, host, String(port), from, how], { ipc: true });
  const ask = async () => {
    return (await child.ask('how many?', answerMs)) as { opened: number; closed: number; refused: number };
  };
  return { ask, [Symbol.asyncDispose]: async () => void (await child.kill()) };
}

test.serial('hogs do not keep an agent or the status API from answering another address', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  const agent = stack.addressOf('s1');
  // before the controller, which then has to get its connection while they hold theirs
  await using holder = startHog(agent, 9477, '127.0.0.4', 'hold');
  await using another = startHog(agent, 9477, '127.0.0.5', 'hold');
  await using flooder = startHog(agent, 9477, '127.0.0.2', 'flood');
  for (const hog of [holder, another, flooder]) {
    await until('the hog has met the limits', async () => (await hog.ask()).closed > 500);
  }
  const controller = await stack.startController();
  const port = Number(new URL(stack.statusUrl).port);
  await using onStatus = startHog('127.0.0.1', port, '127.0.0.3', 'flood');
  for (const hog of [flooder, onStatus]) {
    await until('the hog is told to wait', async () => (await hog.ask()).refused > 0);
  }

  const before = await stack.status();
  await stack.ticks(10);
  const after = await stack.status();
  const failures = ({ backends }: typeof after) => backends[0]?.servers.map((server) => server.agent.failures);
  t.deepEqual(failures(after), failures(before), 'a snapshot of each agent at every tick');
  for (const server of after.backends[0]?.servers ?? []) t.is(server.agent.state, 'fresh');
  t.deepEqual(controller.events('agent problem'), []);
  t.is((await haweight(['weights', '--controller', stack.statusUrl])).code, 0, 'a connection of its own');
});

test.serial('normal use from one address by controllers, a watcher and a scraper meets no limit', async (t) => {
  await using stack = await Stack.start({ servers: ['s1'] });
  await stack.startController();
  const watch = () => new Haweight(['weights', '--watch', '--json', '--controller', stack.statusUrl]);
  await using _a = watch();
  await using _b = watch();
  const statuses = new Set<number>();
  for (let round = 0; round < 20; round += 1) {
    const asked = [
      `${stack.statusUrl}/metrics`,
      `${stack.statusUrl}/v1/status`,
      `http://${stack.addressOf('s1')}:9477/metrics`,
    ];
    for (const { status } of await Promise.all(asked.map((url) => fetch(url)))) statuses.add(status);
    await stack.ticks(0);
  }
  t.deepEqual([...statuses], [200]);
});
