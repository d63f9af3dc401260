import test from 'ava';
import {
  defaultPickOneSettings,
  type PickOneSettings,
  pickOne,
} from '../../../../controller/decide/policies/pick-one.ts';
import { factors, observed, type ServerSketch, thresholds } from '../../support/build.ts';
import { Backend } from '../../support/play.ts';

function weigh(servers: Readonly<Record<string, ServerSketch>>, changes: Partial<PickOneSettings> = {}) {
  const observations = Object.entries(servers).map(([server, sketch]) => observed(server, sketch));
  const policy = pickOne({ ...defaultPickOneSettings, ...changes });
  return policy.decide({ observations, factors, thresholds, algorithm: 'roundrobin', elapsedMs: 2_000 }, null).verdicts;
}

/** Who gets the new work, and why. */
function picked(...args: Parameters<typeof weigh>): string {
  const steps = [...weigh(...args)].flatMap(([server, { weight, reasons }]) =>
    reasons.flatMap((reason) => (reason.code === 'picked' ? [`${server}: ${reason.because} ${weight}`] : [])),
  );
  return steps.join(', ');
}

const at = (cpu: number | null, ram: number | null = 0.3) => ({ utilisation: { cpu, ram } });

test('packing: the most utilised server under both thresholds gets the new work', (t) => {
  t.is(picked({ a: at(0.2), b: at(0.6), c: at(0.4) }), 'b: most-utilised 1');
});

test('the other reading: the least utilised server under both thresholds gets it', (t) => {
  t.is(picked({ a: at(0.2), b: at(0.6), c: at(0.4) }, { pick: 'least-utilised' }), 'a: least-utilised 1');
});

test('utilisation is that of the CPU alone: RAM only rules out', (t) => {
  t.is(picked({ a: at(0.3, 0.69), b: at(0.4, 0.1) }), 'b: most-utilised 1');
});

for (const [metric, over] of [
  ['cpu', at(0.7)],
  ['ram', at(0.5, 0.7)],
] as const) {
  test(`a server at 0.70 of ${metric} is passed over`, (t) => {
    t.is(picked({ a: at(0.2), b: over, c: at(0.4) }), 'c: most-utilised 1');
  });
}

test('thresholds are settings', (t) => {
  const servers = { a: at(0.2, 0.2), b: at(0.5, 0.4) };
  t.is(picked(servers), 'b: most-utilised 1');
  t.is(picked(servers, { cpuThreshold: 0.5 }), 'a: most-utilised 1');
  t.is(picked(servers, { ramThreshold: 0.4 }), 'a: most-utilised 1');
});

for (const pick of ['most-utilised', 'least-utilised'] as const) {
  test(`where none is under the thresholds, the least utilised of all gets it (pick ${pick})`, (t) => {
    t.is(picked({ a: at(0.9), b: at(0.75), c: at(0.4, 0.9), d: at(0.8) }, { pick }), 'c: none-under-threshold 1');
  });

  test(`equal servers: the first by name gets it, whatever their order (pick ${pick})`, (t) => {
    t.is(picked({ b: at(0.3), a: at(0.3), c: at(0.3) }, { pick }).slice(0, 2), 'a:');
    t.is(picked({ c: at(0.9), b: at(0.9) }, { pick }).slice(0, 2), 'b:');
  });

  test(`a server that cannot be judged is not picked but held (pick ${pick})`, (t) => {
    const servers = { a: { stale: true, ...at(0.6) }, b: at(null), c: at(0.4), d: { stale: true, ...at(0.1) } };
    t.is(picked(servers, { pick }), `c: ${pick} 1`);
    t.is(weigh(servers, { pick }).get('a')?.weight, null);
    t.is(weigh(servers, { pick }).get('b')?.weight, null);
  });
}

test('where no server can be judged all are held', (t) => {
  const verdicts = weigh({ a: { stale: true }, b: at(null) });
  t.deepEqual(
    [...verdicts.values()].map(({ weight }) => weight),
    [null, null],
  );
});

test('where RAM is unknown CPU alone decides, and the reasons say so', (t) => {
  const servers = { a: at(0.2), b: at(0.6, null) };
  t.is(picked(servers), 'b: most-utilised 1');
  t.deepEqual(weigh(servers).get('b')?.reasons[1], { code: 'load-without', metrics: ['ram'] });
});

test('the others say how utilised they are, and everybody has load and delta for the tables', (t) => {
  const verdict = weigh({ a: at(0.2), b: at(0.6) }).get('a');
  t.deepEqual(verdict?.reasons.at(-1), { code: 'passed-over', utilisation: 0.2 });
  t.true(verdict?.load !== null && verdict?.delta !== null);
});

test('it switches at once: 256 for the picked server, next to nothing for the others, from one tick to the next', (t) => {
  const backend = new Backend({ a: 100, b: 100, c: 100, d: 100 }, { policy: pickOne() });
  const weights = () => ['a', 'b', 'c', 'd'].map((server) => backend.weight(server));
  backend.tick({ a: at(0.6), b: at(0.5) });
  t.deepEqual(weights(), [256, 1, 1, 1]);
  backend.tick({ a: at(0.72), b: at(0.5) });
  t.deepEqual(weights(), [1, 256, 1, 1]);
});
