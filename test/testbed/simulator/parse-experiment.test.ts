import test from 'ava';
import { ProblemError } from '../../../shared/contract/problem.ts';
import { parseExperiment } from '../../../testbed/simulator/parse-experiment.ts';
import { scenarios } from '../../../testbed/simulator/scenarios.ts';

const contender = { kind: 'static', weights: 'equal' };
const fine = { fleet: 'het', load: 0.7, contender };
const during = { server: 's1', fromSeconds: 0 };
const policy = (config: unknown) => ({ kind: 'policy', policy: 'inverse-load', config });

test('a fleet and a scenario may be named, and the file overrides the scenario', (t) => {
  const experiment = parseExperiment({ fleet: 'het', scenario: 'crowd', contender, seconds: 40 }, 'x.yaml');
  t.deepEqual(
    experiment.fleet.map(({ cores }) => cores),
    [1, 2, 2, 4, 4],
  );
  t.like(experiment, { load: 0.7, seconds: 40, warmupSeconds: 20, demandMs: 20, demandCv: 1.5, periodMs: 2_000 });
  t.is(experiment.scenario.loads.length, 1);
  const rated = parseExperiment({ fleet: 'het', scenario: 'step', contender, rate: 100 }, 'x.yaml');
  t.deepEqual([rated.rate, rated.load], [100, undefined]);
});

test('every named scenario is a valid experiment for every fleet', (t) => {
  for (const name of scenarios.keys()) {
    for (const fleet of ['het', 'mild', 'hom', 'twenty']) {
      t.is(parseExperiment({ fleet, scenario: name, contender }, 'x.yaml').fleet.length, fleet === 'twenty' ? 20 : 5);
    }
  }
});

const refusals: readonly { what: string; value: unknown; says: RegExp }[] = [
  { what: 'not an object', value: [], says: /^x\.yaml: is not an experiment; expected keys and values, got a list$/ },
  {
    what: 'an unknown key',
    value: { ...fine, sede: 1 },
    says: /^x\.yaml: sede: unknown key; expected one of fleet, demandMs, /,
  },
  {
    what: 'an unknown key of a server',
    value: { ...fine, fleet: [{ name: 'a', cores: 1, core: 2 }] },
    says: /^x\.yaml: fleet\.0\.core: unknown key/,
  },
  {
    what: 'no servers',
    value: { ...fine, fleet: [] },
    says: /^x\.yaml: fleet: invalid value; expected at least one server, got \[\]$/,
  },
  {
    what: 'a name twice',
    value: {
      ...fine,
      fleet: [
        { name: 'a', cores: 1 },
        { name: 'a', cores: 2 },
      ],
    },
    says: /fleet: .* expected each name once/,
  },
  {
    what: 'a server without cores',
    value: { ...fine, fleet: [{ name: 'a', cores: 0 }] },
    says: /fleet\.0\.cores: .* expected a number above 0 and up to 1024, got 0/,
  },
  {
    what: 'an unknown fleet',
    value: { ...fine, fleet: 'big' },
    says: /^x\.yaml: fleet: there is no fleet of that name; expected one of het, mild, hom, tuned, pair, large, single, serial, disk, twenty, halves, hundred, got "big"$/,
  },
  {
    what: 'a negative rate',
    value: { fleet: 'het', rate: -5, contender },
    says: /^x\.yaml: rate: .* expected a number above 0 and up to 1000000, got -5$/,
  },
  {
    what: 'a negative load of the scenario',
    value: { ...fine, scenario: { loads: [{ fromSeconds: 1, untilSeconds: 2, load: -1 }] } },
    says: /scenario\.loads\.0\.load: .* expected at least 0, got -1/,
  },
  {
    what: 'neither load nor rate',
    value: { fleet: 'het', contender },
    says: /^x\.yaml: load: .* expected either load or rate, got nothing$/,
  },
  { what: 'load and rate', value: { ...fine, rate: 5 }, says: /expected either load or rate/ },
  {
    what: 'an unknown scenario',
    value: { ...fine, scenario: 'flod' },
    says: /scenario: there is no scenario of that name; expected one of steady, steady-30, .*two-controllers, got "flod"/,
  },
  {
    what: 'a bad fleet under a named scenario',
    value: { ...fine, scenario: 'noisy', fleet: [{ cores: 1 }] },
    says: /^x\.yaml: fleet\.0\.name: .* expected a value of type string, got nothing$/,
  },
  {
    what: 'an unknown policy',
    value: { ...fine, contender: { kind: 'policy', policy: 'best' } },
    says: /contender\.policy: .* expected one of .*inverse-load.*, got "best"/,
  },
  {
    what: 'an unknown kind of contender',
    value: { ...fine, contender: { kind: 'magic' } },
    says: /expected a contender of kind policy, static, oracle or rival/,
  },
  {
    what: 'an event at a stranger',
    value: { ...fine, scenario: { events: [{ ...during, kind: 'crash', server: 'x' }] } },
    says: /scenario\.events\.0\.server: .* expected the name of a server of the fleet, got "x"/,
  },
  {
    what: 'an unknown event',
    value: { ...fine, scenario: { events: [{ ...during, kind: 'melt' }] } },
    says: /events\.0\S*: .* expected an event of kind crash/,
  },
  {
    what: 'an event that ends before it begins',
    value: { ...fine, scenario: { events: [{ ...during, kind: 'crash', fromSeconds: 5, untilSeconds: 4 }] } },
    says: /events\.0\.untilSeconds: .* expected a time after fromSeconds, got 4/,
  },
  {
    what: 'loads that overlap',
    value: {
      ...fine,
      scenario: {
        loads: [
          { fromSeconds: 0, untilSeconds: 5, load: 1 },
          { fromSeconds: 4, untilSeconds: 6, load: 1 },
        ],
      },
    },
    says: /scenario\.loads: .* expected loads in the order of their times/,
  },
  {
    what: 'a period that does not divide a minute',
    value: { ...fine, periodMs: 1_500 },
    says: /periodMs: .* expected one of 1000, 2000/,
  },
  {
    what: 'more requests than memory is meant for',
    value: { ...fine, seconds: 80_000 },
    says: /^x\.yaml: seconds: more requests than memory is meant for; expected at most 20,000,000 requests in all, got about 36,409,100\. Lower /,
  },
  {
    what: 'more ticks than memory is meant for',
    value: {
      ...{ rate: 1, seconds: 80_000, contender },
      fleet: Array.from({ length: 500 }, (_, index) => ({ name: `s${index}`, cores: 1 })),
    },
    says: /^x\.yaml: seconds: more ticks than .*at most 10,000,000 ticks times servers, got about 20,005,000\. Lower seconds/,
  },
  {
    what: 'an unknown key of the controller',
    value: { ...fine, contender: policy({ guard: { flor: 0.1 } }) },
    says: /^x\.yaml: contender\.config: guard\.flor: unknown key/,
  },
  {
    what: 'a key that the experiment says itself',
    value: { ...fine, contender: policy({ periodMs: 2_000 }) },
    says: /contender\.config: periodMs: the experiment itself says this/,
  },
  {
    what: 'workers without fifo',
    value: { ...fine, fleet: [{ name: 'a', cores: 1, workers: 3 }] },
    says: /fleet\.0\.workers: .* expected workers with discipline fifo only, got 3/,
  },
];

for (const { what, value, says } of refusals) {
  test(`refused in one line: ${what}`, (t) => {
    const error = t.throws(() => parseExperiment(value, 'x.yaml'), { instanceOf: ProblemError });
    t.regex(error.message, says);
    t.is(error.problem.code, 'config-invalid');
  });
}
