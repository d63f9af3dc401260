import type { WeightChange } from '../../../haproxy/runtime-api.ts';
import { WeightWriter, type WriterOptions } from '../../../lab/promise/weight-writer.ts';
import { ok } from '../../../shared/contract/result.ts';
import { seededRandom } from '../../../shared/math/random.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { expectOk, haproxyTest } from '../../haproxy/setup.ts';

const servers = ['s1', 's2', 's3'];
const configuration = renderConfiguration({
  backends: [{ name: 'web', servers: servers.map((name, index) => ({ name, address: `127.0.0.1:${index + 1}` })) }],
});

/** Keeps and passes on the commands, and stops the writer after some writes. */
function listener(api: WriterOptions['api'], limit: number) {
  const sent: (readonly WeightChange[])[] = [];
  const writer = new WeightWriter({
    backend: 'web',
    servers,
    random: seededRandom(3),
    everyMs: 1,
    api: {
      servers: (backend) => api.servers(backend),
      setWeights: (backend, changes) => {
        sent.push(changes);
        if (sent.length === limit) writer.stop();
        return api.setWeights(backend, changes);
      },
    },
  });
  return { sent, writer };
}

haproxyTest('it counts the changes that HAProxy confirms, and leaves at least two servers', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const { sent, writer } = listener(haproxy.api, 60);
  const { changes, zeroes, lost, writes } = await writer.run({ still: false });
  let [expected, expectedZeroes] = [0, 0];
  let before = new Map(servers.map((server) => [server, 100]));
  for (const write of sent) {
    for (const { server, weight } of write) {
      const was = before.get(server);
      if (was === weight) continue;
      expected += 1;
      if (was === 0 || weight === 0) expectedZeroes += 1;
    }
    before = new Map(write.map(({ server, weight }) => [server, weight]));
  }
  t.deepEqual({ changes, zeroes, lost, writes }, { changes: expected, zeroes: expectedZeroes, lost: 0, writes: 60 });
  t.true(expectedZeroes > 0);
  t.true(sent.every((write) => write.filter(({ weight }) => weight > 0).length >= 2));
  const now = expectOk(await haproxy.api.servers('web')).map(({ server, weight }) => [server, weight] as const);
  t.deepEqual(new Map(now), before);
});

haproxyTest('an idle writer sends as many commands, and changes no weight', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const { sent, writer } = listener(haproxy.api, 5);
  t.deepEqual(await writer.run({ still: true }), { changes: 0, zeroes: 0, lost: 0, writes: 5 });
  t.deepEqual(
    sent[4],
    servers.map((server) => ({ server, weight: 100 })),
  );
});

haproxyTest('weights that HAProxy does not have afterwards count as lost, whatever it answered', async (t) => {
  await using haproxy = await startHaproxy({ configuration });
  const { writer } = listener(
    { servers: (backend) => haproxy.api.servers(backend), setWeights: () => Promise.resolve(ok(undefined)) },
    4,
  );
  const { changes, lost } = await writer.run({ still: false });
  t.is(changes, 0);
  t.is(lost, 12);
});

haproxyTest('a refusal by HAProxy ends it with a problem', async (t) => {
  await using haproxy = await startHaproxy({
    configuration: configuration.replace('balance roundrobin', 'balance static-rr'),
  });
  const { writer } = listener(haproxy.api, 1);
  await t.throwsAsync(writer.run({ still: false }), { message: /does not take weights at run time/ });
});
