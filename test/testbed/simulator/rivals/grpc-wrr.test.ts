import test from 'ava';
import fc from 'fast-check';
import type { ApplicationLoad } from '../../../../testbed/simulator/agent.ts';
import { EndpointWeight, grpcWrr, reportedWeight } from '../../../../testbed/simulator/rivals/grpc-wrr.ts';
import { pickByStride, strides } from '../../../../testbed/simulator/rivals/stride.ts';
import { Client } from './build.ts';

const rounds = 65_535;
const load = (requestsPerSecond: number, cpu: number, errorsPerSecond = 0): ApplicationLoad => {
  return { cpu, requestsPerSecond, errorsPerSecond };
};

test("A58's weight is requests per second / (utilisation + error share)", (t) => {
  t.is(reportedWeight(load(100, 0.5)), 200);
  t.is(reportedWeight(load(100, 0.5, 30)), 125);
  t.is(reportedWeight(load(100, 0)), null);
  t.is(reportedWeight(load(0, 0.5)), null);
});

test('a weight counts after 10 s of reports, and no longer 3 minutes after the last one', (t) => {
  const weight = new EndpointWeight();
  weight.report(load(100, 0.5), 1_000);
  weight.report(load(100, 0.4), 10_000);
  t.is(weight.at(10_999), 0);
  t.is(weight.at(11_000), 250);
  t.is(weight.at(10_000 + 179_999), 250);
  t.is(weight.at(10_000 + 180_000), 0);
  // reports again: the 10 s begin anew
  weight.report(load(100, 0.5), 200_000);
  t.is(weight.at(209_999), 0);
  t.is(weight.at(210_000), 200);
  weight.ready();
  weight.report(load(100, 0.5), 211_000);
  t.is(weight.at(220_999), 0);
  t.is(weight.at(221_000), 200);
});

test('strides are in proportion to the weights, 65,535 for the largest, and the mean for an unknown one', (t) => {
  t.deepEqual(strides([1, 2, 4]), [16_384, 32_768, 65_535]);
  t.deepEqual(strides([1, 0, 3]), [21_845, 43_690, 65_535]);
  t.deepEqual(strides([0, 7, 0]), [65_535, 65_535, 65_535]);
});

test('strides are at most 10 times and at least a hundredth of the mean', (t) => {
  const most = strides([100_000, ...Array.from({ length: 99 }, () => 1)]);
  t.is(most[0], 65_535);
  // the mean is 1,000.99, so the largest counts as 10,009.9, and 1 / 10,009.9 is below a hundredth of the mean
  t.is(most[1], Math.round((65_535 / 10) * 0.01));
});

test('the static stride scheduler takes a server in as many of 65,535 rounds as its stride says, exactly', (t) => {
  const some = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 2, maxLength: 5 });
  fc.assert(
    fc.property(some, fc.nat(1_000), (weights, firstRound) => {
      const each = strides(weights);
      const counts = weights.map(() => 0);
      let sequence = firstRound * weights.length;
      const end = sequence + rounds * weights.length;
      while (sequence < end) {
        const index = pickByStride(each, () => sequence++);
        if (sequence <= end) counts[index] = (counts[index] ?? 0) + 1;
      }
      t.deepEqual(counts, [...each]);
    }),
    { numRuns: 10 },
  );
});

test('before weights are known it goes round; then shares follow the reports, renewed every second', (t) => {
  const reports = [load(100, 0.8), load(100, 0.2)];
  const client = new Client(2, (agenda) => grpcWrr({ agents: reports.map((each) => ({ load: each })), agenda }));
  t.deepEqual(client.picks(10), [5, 5]);
  for (let atMs = 0; atMs <= 11_000; atMs += 500) {
    client.goTo(atMs);
    for (const index of [0, 1]) client.end(index, client.send(index));
  }
  const [slow = 0] = client.picks(10_000);
  t.true(Math.abs(slow / 10_000 - 0.2) < 0.01, `${slow}`);
});

test('a server that is down gets nothing, and is weighted again 10 s after it has come back', (t) => {
  const agents: { load: ApplicationLoad | null }[] = [{ load: load(100, 0.8) }, { load: load(100, 0.2) }];
  const client = new Client(2, (agenda) => grpcWrr({ agents, agenda }));
  const report = (untilMs: number) => {
    for (let atMs = client.agenda.nowMs; atMs <= untilMs; atMs += 500) {
      client.goTo(atMs);
      for (const index of [0, 1]) client.end(index, client.send(index));
    }
  };
  const become = (up: boolean) => {
    const target = client.target(0);
    target.up = up;
    client.dispatch.changed(target);
  };
  const shareOfSlow = () => (client.picks(10_000)[0] ?? 0) / 10_000;
  report(11_000);
  // it fails its checks, as a full one does, but is there
  become(false);
  t.deepEqual(client.picks(10), [0, 10]);
  become(true);
  t.true(Math.abs(shareOfSlow() - 0.2) < 0.01);
  agents[0] = { load: null };
  become(false);
  agents[0] = { load: load(100, 0.8) };
  become(true);
  report(20_000);
  t.deepEqual(client.picks(10), [5, 5], 'one known weight only: both get the same');
  report(23_000);
  t.true(Math.abs(shareOfSlow() - 0.2) < 0.01);
});
