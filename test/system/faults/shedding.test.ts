import test from 'ava';
import { until } from '../../../testbed/rig/wait.ts';
import { haweight } from '../../support/process.ts';
import { Stack } from '../../support/stack.ts';

const servers = ['s1', 's2', 's3'];
/** So often that every server has some 33 requests a tick. */
const everyMs = 10;

for (const [algorithm, policy] of [
  ['roundrobin', 'inverse-load'],
  ['leastconn', 'capacity'],
] as const) {
  test.serial(
    `${algorithm}, ${policy}: a server that answers 429 at once loses its requests, and gets them back`,
    async (t) => {
      await using stack = await Stack.start({ algorithm, servers });
      await using load = stack.startLoad(everyMs);
      await stack.startController('--policy', policy);
      await stack.ticks(2);
      await stack.tell('s1', { failing: 429 });
      const found = await until('found', () => stack.reason('s1', 'client-errors'));
      t.true(found.share > 0.3 && found.others < 0.1, JSON.stringify(found));
      await until('cut', async () => (await stack.weight('s1')) < 0.05 * (await stack.weight('s2')));
      const shed = () => load.seen.failed.get(429) ?? 0;
      const before = shed();
      await load.answers(200);
      t.true(shed() - before <= 12, `${shed() - before} requests were still shed beside 200 answers`);
      const { stdout } = await haweight(['explain', 'web/s1', '--controller', stack.statusUrl]);
      t.regex(stdout, /of its answers are 4xx \(the other servers: \d+%\)/);

      await stack.tell('s1', { failing: 0 });
      await until('back', async () => (await stack.weight('s1')) > 0.5 * (await stack.weight('s2')));
      t.is(load.seen.failed.get(503), undefined);
    },
  );
}
