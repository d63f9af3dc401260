import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test from 'ava';
import { configSchema } from '../../../controller/config/schema.ts';
import { longestTickMs } from '../../../controller/run/longest-tick.ts';
import { ServiceManager } from '../../../shared/process/service-manager.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { freePort } from '../../../testbed/rig/ports.ts';
import { until } from '../../../testbed/rig/wait.ts';
import { configuration, haproxyTest } from '../../haproxy/setup.ts';
import { DatagramReceiver } from '../../support/datagram-receiver.ts';
import { Haweight } from '../../support/process.ts';
import { temporaryFolder } from '../../support/temporary-folder.ts';

const hangModule = join(import.meta.dirname, 'hang.mjs');
const someName = () => `@haweight-test-${randomUUID()}`;
const silent = { warn: () => undefined };

/** Collects messages until `count` of them have this word, and returns all. */
async function heard(manager: DatagramReceiver, word: string, count = 1, of: string[][] = []): Promise<string[][]> {
  await until(
    () => `${count} of ${word}: ${JSON.stringify(of)}`,
    () => {
      of.push(...manager.messages().map((lines) => [...lines]));
      return of.filter((lines) => lines.includes(word)).length >= count;
    },
  );
  return of;
}

async function startController(manager: { address: string }, socket: string, environment: NodeJS.ProcessEnv = {}) {
  const listen = `127.0.0.1:${await freePort()}`;
  const flags = ['--socket', socket, '--backend', 'web', '--period-ms', '1000', '--listen', listen];
  const told = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '30000000', ...environment };
  const process = new Haweight(['controller', ...flags], told);
  return { process, url: `http://${listen}`, ticks: () => ticksOf(`http://${listen}`) };
}

async function ticksOf(url: string): Promise<{ readonly ticks: number; readonly skippedTicks: number }> {
  return (await (await fetch(`${url}/v1/status`)).json()) as { ticks: number; skippedTicks: number };
}

async function someSamples(agent: Haweight): Promise<void> {
  const { url } = (await until('the agent', () => agent.events('agent listening')[0] ?? null)) as { url?: string };
  await until('samples', async () => {
    const answer = await fetch(`${url}/v1/snapshot`);
    return answer.ok && ((await answer.json()) as { windowMs: number }).windowMs > 500;
  });
}

haproxyTest(
  'the controller reports ready once, after its first tick, and feeds the watchdog at each tick',
  async (t) => {
    await using haproxy = await startHaproxy({ configuration });
    using manager = new DatagramReceiver(someName());
    const { process, ticks } = await startController(manager, haproxy.socket);
    await using controller = process;
    const messages = await heard(manager, 'WATCHDOG=1', 3);
    const [ready, status = '', fed] = messages[0] ?? [];
    t.deepEqual([ready, fed], ['READY=1', 'WATCHDOG=1']);
    t.regex(status, /^STATUS=backend web: waiting for agents/);
    t.deepEqual(messages[1], ['WATCHDOG=1']);
    const { ticks: finished } = await ticks();
    messages.push(...manager.messages().map((lines) => [...lines]));
    // a tick may have been finished between the two looks
    t.true(messages.length <= finished + 1 && messages.length >= finished - 1, `${messages.length} of ${finished}`);

    t.is((await controller.stop()).code, 0);
    const last = [...messages, ...manager.messages()].at(-1);
    t.deepEqual(last, ['STOPPING=1']);
  },
);

haproxyTest('a tick that never ends starves the watchdog, although the process goes on', async (t) => {
  await using folder = await temporaryFolder();
  await using haproxy = await startHaproxy({ configuration });
  using manager = new DatagramReceiver(join(folder.path, 'notify'));
  const hang = join(folder.path, 'hang');
  const { process, ticks } = await startController(manager, haproxy.socket, {
    NODE_OPTIONS: `--import=${hangModule}`,
    HAWEIGHT_TEST_HANG: hang,
  });
  await using controller = process;
  await heard(manager, 'WATCHDOG=1', 2);
  await writeFile(hang, '');
  await until('a tick that hangs', () => controller.stderr.includes('a tick hangs'));
  await rm(hang);
  manager.messages();
  const before = await ticks();
  await until('periods without a tick', async () => (await ticks()).skippedTicks >= before.skippedTicks + 3);
  t.deepEqual(manager.messages(), []);
  t.is((await ticks()).ticks, before.ticks);
});

test.serial('without HAProxy the controller ticks and is ready, and its status says what is missing', async (t) => {
  await using folder = await temporaryFolder();
  using manager = new DatagramReceiver(someName());
  const socket = join(folder.path, 'admin.sock');
  const { process } = await startController(manager, socket);
  await using _controller = process;
  const [first = []] = await heard(manager, 'WATCHDOG=1', 2);
  t.true(first.includes('READY=1'));
  t.regex(first.find((line) => line.startsWith('STATUS=')) ?? '', new RegExp(`^STATUS=${socket}: no such socket`));
});

test.serial('the agent is ready after its first sample, feeds the watchdog, and announces its end', async (t) => {
  using manager = new DatagramReceiver(someName());
  const told = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '30000000' };
  await using agent = new Haweight(['agent', '--listen', '127.0.0.1:0', '--sample-ms', '100', '--scope', 'host'], told);
  const messages = await heard(manager, 'WATCHDOG=1', 3);
  t.deepEqual(messages.slice(0, 2), [['READY=1', 'STATUS=measuring: host', 'WATCHDOG=1'], ['WATCHDOG=1']]);
  await agent.stop();
  t.deepEqual(manager.messages().at(-1), ['STOPPING=1']);
});

test.serial('an agent with a command leaves the service manager to the command', async (t) => {
  using manager = new DatagramReceiver(someName());
  const told = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '30000000' };
  const command = [process.execPath, '-e', 'console.log(process.env.NOTIFY_SOCKET); setInterval(() => {}, 1000)'];
  await using agent = new Haweight(['agent', '--listen', '127.0.0.1:0', '--sample-ms', '100', '--', ...command], told);
  await until('the command', () => agent.stdout.includes(manager.address));
  await someSamples(agent);
  await agent.stop();
  t.deepEqual(manager.messages(), []);
});

for (const [title, address, detail] of [
  ['without a listener', '/nonexistent/notify', 'not sent (errno 2)'],
  ['that is not a path', 'vsock:2:1234', 'not a path from / nor a name behind @, of at most 107 bytes'],
  ['that is too long', `/${'x'.repeat(107)}`, 'not a path from / nor a name behind @, of at most 107 bytes'],
] as const) {
  test.serial(`NOTIFY_SOCKET ${title} is reported once, and the agent works on`, async (t) => {
    const flags = ['agent', '--listen', '127.0.0.1:0', '--sample-ms', '100', '--log-level', 'debug'];
    await using agent = new Haweight(flags, { NOTIFY_SOCKET: address });
    await someSamples(agent);
    const said = agent.events('service manager not told') as readonly { address?: string; detail?: string }[];
    t.is(said.length, 1);
    t.like(said[0], { address, detail });
  });
}

test('the watchdog is fed only for its own process, and its time-out covers the longest tick', (t) => {
  using receiver = new DatagramReceiver(someName());
  const told = (environment: NodeJS.ProcessEnv, longestTickMs: number) => {
    const given = { NOTIFY_SOCKET: receiver.address, ...environment };
    using manager = ServiceManager.connect({ longestTickMs, log: silent, environment: given });
    manager?.tickFinished('one\nline');
    manager?.tickFinished('one\nline');
    return receiver.messages();
  };
  const ready = ['READY=1', 'STATUS=one line'];
  const seconds = { WATCHDOG_USEC: '5000000' };
  t.deepEqual(told({}, 1), [ready]);
  t.deepEqual(told({ ...seconds, WATCHDOG_PID: '1' }, 1), [ready]);
  t.deepEqual(told({ WATCHDOG_USEC: 'soon' }, 1), [ready]);
  t.deepEqual(told({ ...seconds, WATCHDOG_PID: String(process.pid) }, 5_000), [
    [...ready, 'WATCHDOG=1'],
    ['WATCHDOG=1'],
  ]);
  t.deepEqual(told(seconds, 5_000.5), [
    ['READY=1', 'WATCHDOG_USEC=5000500', 'STATUS=one line', 'WATCHDOG=1'],
    ['WATCHDOG=1'],
  ]);
  t.is(ServiceManager.connect({ longestTickMs: 1, log: silent, environment: {} }), null);
});

test("a message that did not fit into the service manager's queue is sent again", (t) => {
  using receiver = new DatagramReceiver(someName());
  const warnings: string[] = [];
  const log = { warn: (message: string) => warnings.push(message) };
  const environment = { NOTIFY_SOCKET: receiver.address };
  const fill = () => {
    for (let tries = 0; tries < 100_000; tries += 1) {
      using other = ServiceManager.connect({ longestTickMs: 1, log, environment });
      other?.tickFinished('x');
      if (warnings.length > 0) return;
    }
  };
  fill();
  t.is(warnings.length, 1);
  using manager = ServiceManager.connect({ longestTickMs: 1, log, environment });
  manager?.tickFinished('mine');
  manager?.tickFinished('mine');
  t.is(warnings.length, 2);
  receiver.messages();
  manager?.tickFinished('mine');
  t.deepEqual(receiver.messages(), [['READY=1', 'STATUS=mine']]);
});

test("the longest tick follows period, deadlines and backends, and the unit's watchdog covers it", (t) => {
  const longest = (backends: number, more: object = {}) => {
    const names = Array.from({ length: backends }, (_, index) => ({ name: `b${index}` }));
    return longestTickMs(configSchema.parse({ backends: names, ...more }));
  };
  t.is(longest(1), 16_000);
  const unit = readFileSync(
    join(import.meta.dirname, '../../..', 'deploy', 'systemd', 'haweight-controller.service'),
    'utf8',
  );
  t.true(longest(1) <= 1_000 * Number(/^WatchdogSec=(\d+)$/m.exec(unit)?.[1]));
  t.is(longest(10), 88_000);
  t.is(longest(1, { periodMs: 60_000 }), 132_000);
  t.is(longest(1, { haproxy: { timeoutMs: 10_000 } }), 106_000);
});
