import test from 'ava';
import { LimitLane } from '../../../controller/loop/limit-lane.ts';
import type { Refutation } from '../../../shared/contract/server-limit.ts';
import { order } from '../decide/limits/support.ts';

function refutedBy(...looks: readonly Refutation[]): Refutation | null | undefined {
  const lane = new LimitLane();
  for (const why of looks)
    lane.looked(
      { full: new Set<string>(), isFailing: false, refuted: new Map([['a', why]]) },
      new Map([['a', order]]),
      200,
    );
  return lane.take(['a']).get('a')?.refuted;
}

test('of several looks the last one says how a limit is wrong', (t) => {
  t.is(refutedBy('bound-to-it', 'not-working'), 'not-working');
});

test('that requests gave up is not forgotten for a later look', (t) => {
  t.is(refutedBy('not-working', 'gave-up'), 'gave-up');
  t.is(refutedBy('gave-up', 'not-working'), 'gave-up');
});
