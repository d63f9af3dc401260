import test from 'ava';
import { readComparison } from '../../cli/simulate/comparison.ts';
import type { SimulateFlags } from '../../cli/simulate/flags.ts';
import { renderEvents } from '../../cli/view/simulate-events.ts';
import { scenarios } from '../../testbed/simulator/scenarios.ts';
import { experimentSchema, type ScenarioInput } from '../../testbed/simulator/schema.ts';

function shown(flags: SimulateFlags): readonly string[] {
  const [first] = readComparison(flags).candidates;
  return first === undefined ? [] : renderEvents(first.experiment);
}

function own(scenario: ScenarioInput, seconds: number): readonly string[] {
  const contender = { kind: 'oracle' };
  return renderEvents(
    experimentSchema.parse({ fleet: [{ name: 'web1', cores: 1 }], load: 0.5, seconds, contender, scenario }),
  );
}

test('it says which server is hit, and when', (t) => {
  t.deepEqual(shown({ fleet: '4,4,8', scenario: 'noisy' }), [
    '  at 15 s s3 has 50 % of its capacity for 30 s; the CPU metric shows it',
  ]);
  t.deepEqual(shown({ scenario: 'crash-2' }), ['  at 20 s s2 crashes for 5 s', '  at 20 s s3 crashes for 5 s']);
  t.deepEqual(shown({ scenario: 'frozen' }), [
    '  at 0 s s5 has an agent that hangs until the end',
    '  at 15 s the load is 80 % until the end',
  ]);
  t.deepEqual(shown({ scenario: 'steady' }), []);
});

test('of many bursts the first are shown', (t) => {
  t.deepEqual(shown({ scenario: 'flash-150' }), [
    '  at 0 s the load is 150 % for 0.3 s',
    '  at 5 s the load is 150 % for 0.3 s',
    '  at 10 s the load is 150 % for 0.3 s',
    '  and 9 more like these',
  ]);
});

test('what would come after the end of the run is named, also beside what comes before it', (t) => {
  const events = [
    { kind: 'crash' as const, server: 'web1', fromSeconds: 10, untilSeconds: 20 },
    { kind: 'removed' as const, server: 'web1', fromSeconds: 150, untilSeconds: 200 },
  ];
  t.deepEqual(own({ events }, 90), [
    '  at 10 s web1 crashes for 10 s',
    '! never happens, as the run ends at 90 s: at 150 s web1 is removed',
  ]);
});

test('every scenario fits 80 columns', (t) => {
  for (const scenario of scenarios.keys()) {
    for (const line of shown({ scenario, fleet: 'twenty' })) t.true(line.length <= 80, line);
  }
});
