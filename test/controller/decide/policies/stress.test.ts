import test from 'ava';
import { stress } from '../../../../controller/decide/policies/stress.ts';
import { factors, observed, type ServerSketch, thresholds } from '../../support/build.ts';
import { Backend } from '../../support/play.ts';

function weigh(servers: Readonly<Record<string, ServerSketch>>, loadFactors = factors) {
  const observations = Object.entries(servers).map(([server, sketch]) => observed(server, sketch));
  return stress.decide(
    { observations, factors: loadFactors, thresholds, algorithm: 'roundrobin', elapsedMs: 2_000 },
    null,
  ).verdicts;
}

const threeAt = (cpu: number, ram: number) => {
  const sketch = (configuredWeight: number) => ({ configuredWeight, utilisation: { cpu, ram } });
  const verdicts = weigh({ a: sketch(3), b: sketch(2), c: sketch(2) });
  return ['a', 'b', 'c'].map((server) => verdicts.get(server)?.weight?.toFixed(3));
};

test('weights 3, 2 and 2 become 2.4, 1.6 and 1.6 at stress 0.25', (t) => {
  t.deepEqual(threeAt(0.25, 0.25), ['2.400', '1.600', '1.600']);
});

test('weights 3, 2 and 2 become 1.714, 1.143 and 1.143 at stress 0.75', (t) => {
  t.deepEqual(threeAt(0.75, 0.75), ['1.714', '1.143', '1.143']);
});

test('stress is the mean of cpu and ram, each as good as the other', (t) => {
  t.deepEqual(threeAt(0.5, 0), threeAt(0.25, 0.25));
  t.deepEqual(threeAt(0, 0.5), threeAt(0.25, 0.25));
});

test('each server is judged by its own stress: the others do not enter', (t) => {
  const calm = { utilisation: { cpu: 0.2, ram: 0.2 } };
  const alone = weigh({ a: calm }).get('a')?.weight;
  t.is(weigh({ a: calm, b: { utilisation: { cpu: 1, ram: 1 } }, c: { cores: 64 } }).get('a')?.weight, alone);
});

test('the weight is at least a tenth', (t) => {
  t.is(weigh({ a: { configuredWeight: 0 } }).get('a')?.weight, 0.1);
});

test('where ram is unknown cpu alone is the stress, and the reasons say so whatever the load is made of', (t) => {
  const withoutRam = { configuredWeight: 3, utilisation: { cpu: 0.25, ram: null } };
  for (const loadFactors of [factors, { cpu: 1, ram: 0, bandwidth: 0, threads: 0 }]) {
    const verdict = weigh({ a: withoutRam }, loadFactors).get('a');
    t.is(verdict?.weight, 2.4);
    t.deepEqual(
      verdict?.reasons.filter(({ code }) => code === 'load-without'),
      [{ code: 'load-without', metrics: ['ram'] }],
    );
  }
});

test('a stale server, and one whose cpu is unknown, are held', (t) => {
  const verdicts = weigh({ a: { stale: true }, b: { utilisation: { cpu: null } }, c: {} });
  t.is(verdicts.get('a')?.weight, null);
  t.is(verdicts.get('b')?.weight, null);
  t.not(verdicts.get('c')?.weight, null);
});

test('a verdict carries load and delta for the tables, and its own step with all that went into it', (t) => {
  const verdict = weigh({
    a: { configuredWeight: 3, utilisation: { cpu: 0.2, ram: 0.3, bandwidth: 0.1, threads: 0.1 } },
  }).get('a');
  t.is(verdict?.load?.toFixed(3), '0.210');
  t.is(verdict?.delta, 0);
  t.deepEqual(verdict?.reasons.at(-1), { code: 'stress', stress: 0.25, configuredWeight: 3, factor: 2.4 });
});

test('in HAProxy the largest becomes 256, and the others their part of it', (t) => {
  const backend = new Backend({ a: 3, b: 2, c: 2 }, { policy: stress });
  const at = (configuredWeight: number, cpu: number) => ({ configuredWeight, utilisation: { cpu, ram: cpu } });
  backend.ticks(5, { a: at(3, 0.25), b: at(2, 0.25), c: at(2, 0.75) });
  const third = Math.round((256 * (2 / 1.75)) / (3 / 1.25));
  t.deepEqual([backend.weight('a'), backend.weight('b'), backend.weight('c')], [256, Math.round((256 * 2) / 3), third]);
});
