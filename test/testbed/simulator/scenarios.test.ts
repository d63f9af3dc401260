import test from 'ava';
import { fleets } from '../../../testbed/simulator/fleets.ts';
import { parseExperiment } from '../../../testbed/simulator/parse-experiment.ts';
import { formerScenarioNote } from '../../../testbed/simulator/scenario-names.ts';
import { scenarios } from '../../../testbed/simulator/scenarios.ts';
import { capacityOf, ratesOf } from '../../../testbed/simulator/workload.ts';
import { experiment } from './build.ts';

function planned(name: string) {
  const plan = scenarios.get(name)?.(fleets.het);
  if (plan === undefined) throw new Error(`no scenario ${name}`);
  return plan;
}

test('fleets have the capacities of their names', (t) => {
  const capacity = (fleet: (typeof fleets)[keyof typeof fleets]) => {
    return capacityOf(fleet.map(({ cores, speed = 1 }) => ({ cores, speed })));
  };
  t.deepEqual([fleets.het, fleets.mild, fleets.hom].map(capacity), [13, 10, 10]);
  t.is(fleets.twenty.length, 20);
});

test('flash crowds last 300 ms every 5 s for a minute, at their share of the capacity', (t) => {
  const { load, seconds, warmupSeconds, scenario } = planned('flash-150');
  t.deepEqual([load, seconds, scenario.loads?.length], [0.7, 60, 12]);
  t.deepEqual(scenario.loads?.at(-1), { fromSeconds: 55, untilSeconds: 55.3, load: 1.5 });
  const rates = ratesOf(experiment({ fleet: fleets.het, load, warmupSeconds, scenario, demandMs: 100 }));
  const fullRate = 130;
  t.deepEqual(
    rates.slice(0, 3).map(({ fromMs, requestsPerSecond }) => [fromMs, requestsPerSecond]),
    [
      [0, 0.7 * fullRate],
      [20_000, 1.5 * fullRate],
      [20_300, 0.7 * fullRate],
    ],
  );
});

test('failures hit servers of medium size, for 5 s', (t) => {
  const servers = (name: string) => planned(name).scenario.events?.map(({ server }) => server);
  t.deepEqual(['crash-1', 'crash-2', 'crash-3'].map(servers), [['s3'], ['s2', 's3'], ['s2', 's3', 's4']]);
  t.like(planned('crash-1').scenario.events?.[0], { kind: 'crash', fromSeconds: 20, untilSeconds: 25 });
});

test('the scenarios of one faulty server say which, how and when', (t) => {
  const events = ['noisy', 'hidden', 'frozen', 'fails-fast', 'errors', 'sheds'].map(
    (name) => planned(name).scenario.events?.[0],
  );
  t.deepEqual(events, [
    { kind: 'slow', server: 's5', fromSeconds: 15, untilSeconds: 45, factor: 0.5 },
    { kind: 'hidden-slow', server: 's5', fromSeconds: 15, untilSeconds: 45, factor: 0.5 },
    { kind: 'frozen-agent', server: 's5', fromSeconds: 0 },
    { kind: 'errors', server: 's3', fromSeconds: 0, share: 1 },
    { kind: 'errors', server: 's3', fromSeconds: 0, share: 0.3 },
    { kind: 'errors', server: 's3', fromSeconds: 0, share: 1, status: 429 },
  ]);
  t.deepEqual([planned('frozen').load, planned('frozen').scenario.loads?.[0]?.load], [0.35, 0.8]);
  t.deepEqual([planned('step').load, planned('step').scenario.loads?.[0]?.load], [0.6, 0.95]);
  t.is(planned('cold-start').warmupSeconds, 0);
});

test('a former name of a scenario still works, and says what it is called now', (t) => {
  const shape = { fleet: 'het', contender: { kind: 'oracle' } };
  t.deepEqual(
    parseExperiment({ ...shape, scenario: 'failing-3' }, 'x'),
    parseExperiment({ ...shape, scenario: 'crash-3' }, 'x'),
  );
  t.is(formerScenarioNote('crash-3'), null);
  t.regex(formerScenarioNote('failing-3') ?? '', /failing-3 is called crash-3 now;/);
});
