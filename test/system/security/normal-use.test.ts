import test from 'ava';
import { Haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';

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
