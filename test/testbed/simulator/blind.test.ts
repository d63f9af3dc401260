import test from 'ava';
import { failuresOf, run, serversOf } from './build.ts';

/* Three of five agents hang while a fourth server answers 500 at once: HAProxy's counters are enough to see that. */

const frozen = ['s1', 's2', 's3'].map((server) => ({ kind: 'frozen-agent' as const, server, fromSeconds: 0 }));
const scenario = { events: [...frozen, { kind: 'blackhole' as const, server: 's4', fromSeconds: 10 }] };

// without a controller 57 % fail under leastconn, 29 % under random and 17 % under roundrobin
for (const [balance, most] of [
  ['roundrobin', 0.03],
  ['random', 0.04],
  ['leastconn', 0.06],
] as const) {
  for (const policy of ['inverse-load', 'capacity'] as const) {
    test(`${policy}, ${balance}: with three of five agents silent a failing server loses its traffic`, async (t) => {
      const result = await run({
        ...{ fleet: serversOf(5, { cores: 4 }), load: 0.5, warmupSeconds: 30, seconds: 60, balance, scenario },
        contender: { kind: 'policy', policy },
      });
      const failed = failuresOf(result) / result.requests;
      t.log(`${(100 * failed).toFixed(1)} % failed`);
      t.true(failed < most, `${(100 * failed).toFixed(1)} % failed`);
    });
  }
}
