import test from 'ava';
import { inverseLoad } from '../../../../controller/decide/policies/inverse-load.ts';
import { factors, observed, type ServerSketch, thresholds } from '../../support/build.ts';

function weigh(servers: Readonly<Record<string, ServerSketch>>) {
  const observations = Object.entries(servers).map(([server, sketch]) => observed(server, sketch));
  return inverseLoad.decide({ observations, factors, thresholds, algorithm: 'roundrobin', elapsedMs: 2_000 }, null)
    .verdicts;
}

/** cpu, ram, bandwidth and threads alike, so that the load is this number. */
const at = (load: number) => ({ utilisation: { cpu: load, ram: load, bandwidth: load, threads: load } });

test('at Lr 0.3 and 0.5, Lavg is 0.4: W is (.4/.3)(1 + .25) and (.4/.5)(1 - .25), times the cores', (t) => {
  const verdicts = weigh({ a: { ...at(0.3), cores: 1 }, b: { ...at(0.5), cores: 4 } });
  t.true(Math.abs((verdicts.get('a')?.weight ?? 0) - (0.4 / 0.3) * 1.25) < 1e-9);
  t.true(Math.abs((verdicts.get('b')?.weight ?? 0) - (0.4 / 0.5) * 0.75 * 4) < 1e-9);
});

test('beyond twice the mean load the policy would be negative: the weight stays at a tenth', (t) => {
  const verdicts = weigh({ a: at(0.1), b: at(0.1), c: at(0.9), d: at(0.1) });
  t.is(verdicts.get('c')?.weight, 0.1 * 2);
});

test('only ratios of loads matter: halving every load changes no weight', (t) => {
  const high = weigh({ a: at(0.3), b: at(0.5) });
  const low = weigh({ a: at(0.15), b: at(0.25) });
  for (const server of ['a', 'b']) {
    t.true(Math.abs((high.get(server)?.weight ?? 0) - (low.get(server)?.weight ?? 1)) < 1e-9);
  }
});

test('an idle server gets a large but finite weight', (t) => {
  const weight = weigh({ a: at(0), b: at(0.5) }).get('a')?.weight ?? Number.NaN;
  t.true(Number.isFinite(weight) && weight > 1);
});

test('a stale server, and one whose cpu is unknown, get no verdict', (t) => {
  const verdicts = weigh({ a: { stale: true }, b: { utilisation: { cpu: null } }, c: {} });
  t.is(verdicts.get('a')?.weight, null);
  t.is(verdicts.get('b')?.weight, null);
  t.is(verdicts.get('c')?.weight, 2);
});

test('every verdict names its steps in the order in which they were applied', (t) => {
  const reasons = weigh({ a: { utilisation: { bandwidth: null } }, b: {} })
    .get('a')
    ?.reasons.map(({ code }) => code);
  t.deepEqual(reasons, ['load', 'load-without', 'inverse-load', 'cores']);
});
