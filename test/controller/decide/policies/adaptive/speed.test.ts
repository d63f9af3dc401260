import test from 'ava';
import { noRuns } from '../../../../../controller/decide/policies/adaptive/change.ts';
import { learnSpeeds, unknownFleet, unknownSpeed } from '../../../../../controller/decide/policies/adaptive/speed.ts';

test('the first measurements say nothing of chance: nothing was expected of them yet', (t) => {
  const requests = 140;
  const logs = [0.02, -0.03, 0, 0.04, -0.01];
  const subjects = logs.map((log) => {
    const measurement = { log, variance: unknownFleet.variation / requests, requests };
    return { speed: unknownSpeed, runs: noRuns, measurement };
  });
  const { fleet, outcomes } = learnSpeeds(subjects, unknownFleet);
  t.true(outcomes.every(({ speed }) => speed.known));
  t.true(Math.abs(fleet.variation - unknownFleet.variation) < 0.1, String(fleet.variation));
});
