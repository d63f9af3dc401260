import test from 'ava';
import { capacityLeft, oracleWeights } from '../../../lab/evaluation/oracle.ts';
import type { Event } from '../../../lab/evaluation/scenarios.ts';

const servers = [
  { name: 's1', capacity: 10 },
  { name: 's2', capacity: 40 },
];
const burn: Event = { fromMs: 1_000, toMs: 2_000, servers: ['s2'], fault: { kind: 'burn', processes: 3 } };
const gone: Event = { fromMs: 1_000, toMs: 2_000, servers: ['s1'], fault: { kind: 'gone' } };

test('weights are in proportion to the capacities, the largest at the top of the scale', (t) => {
  t.deepEqual(oracleWeights(servers, [], 0), [
    { server: 's1', weight: 64 },
    { server: 's2', weight: 256 },
  ]);
});

test('three busy processes beside the application leave it a quarter, until they end', (t) => {
  t.is(capacityLeft('s2', [burn], 999), 1);
  t.is(capacityLeft('s2', [burn], 1_000), 0.25);
  t.is(capacityLeft('s2', [burn], 2_000), 1);
  t.deepEqual(
    oracleWeights(servers, [burn], 1_500).map(({ weight }) => weight),
    [256, 256],
  );
});

test('a server that is gone or fails gets no traffic, and a tiny one still gets some', (t) => {
  t.deepEqual(
    oracleWeights(servers, [gone], 1_500).map(({ weight }) => weight),
    [0, 256],
  );
  const failing: Event = { ...gone, fault: { kind: 'failing' } };
  t.is(capacityLeft('s1', [failing], 1_500), 0);
  t.is(capacityLeft('s1', [{ ...gone, fault: { kind: 'waiting', waitMs: 150 } }], 1_500), 1);
  const tiny = [{ name: 's1', capacity: 0.001 }, ...servers.slice(1)];
  t.is(oracleWeights(tiny, [], 0)[0]?.weight, 1);
});
