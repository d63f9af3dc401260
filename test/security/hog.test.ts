import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import test from 'ava';
import { Haweight } from '../support/process.ts';
import { Stack } from '../support/stack.ts';
import { until } from '../support/until.ts';

/** A hog as a process of its own: see support/hog.ts. Gives what it says of itself when it is asked. */
async function startHog(host: string, port: number, from: string) {
  const child: ChildProcess = fork(new URL('support/hog.ts', import.meta.url), [host, String(port), from]);
  await once(child, 'message');
  const ask = async () => {
    child.send('how many?');
    const [said] = (await once(child, 'message')) as [{ opened: number; closed: number; refused: number }];
    return said;
  };
  return { ask, [Symbol.asyncDispose]: async () => void (child.kill('SIGKILL') && (await once(child, 'exit'))) };
}

test.serial('a hog on an agent and on the status API keeps neither from answering another address', async (t) => {
  await using stack = await Stack.start({ servers: ['s1', 's2'] });
  const controller = await stack.startController();
  await stack.ticks(2);
  await using onAgent = await startHog(stack.addressOf('s1'), 9477, '127.0.0.2');
  await using onStatus = await startHog('127.0.0.1', Number(new URL(stack.statusUrl).port), '127.0.0.3');
  for (const hog of [onAgent, onStatus]) {
    await until('the hog has met the limits', async () => {
      const { closed, refused } = await hog.ask();
      return closed > 500 && refused > 0;
    });
  }

  const before = await stack.status();
  await stack.ticks(10);
  const after = await stack.status();
  const failures = ({ backends }: typeof after) => backends[0]?.servers.map(({ agent }) => agent.failures);
  t.deepEqual(failures(after), failures(before), 'a snapshot of each agent at every tick');
  t.is(after.skippedTicks, before.skippedTicks);
  for (const { agent } of after.backends[0]?.servers ?? []) t.is(agent.state, 'fresh');
  t.deepEqual(controller.events('agent problem'), []);
  const { opened } = await onAgent.ask();
  t.true(opened > 500, `it went on: ${opened} connections`);
});

test.serial(
  'nobody who keeps to the rules meets a limit: controllers, a watcher and a scraper from one address',
  async (t) => {
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
  },
);
