import { type DemoRecord, demoResult } from '../../../testbed/demo/result.ts';
import { defaultSettings } from '../../../testbed/demo/settings.ts';
import { outcomeOf } from '../../support/outcome.ts';

const outcome = (atMs: number, tookMs: number, server: string) =>
  outcomeOf({ atMs, lagMs: 1, endedAtMs: atMs + tookMs, server });

/** A record small enough to work by hand: ten requests in a phase of 10 s, slowed after 5 s. */
export const record: DemoRecord = {
  settings: { ...defaultSettings, phaseSeconds: 10, seed: 1, policy: 'inverse-load' },
  without: {
    outcomes: Array.from({ length: 10 }, (_, i) =>
      i === 9
        ? { ...outcome(9_000, 5_000, 's1'), server: null, failure: 'deadline' }
        : outcome(i * 1_000, 900 + i * 100, 's1'),
    ),
    slowedAtMs: 5_000,
    finalWeights: { s1: 100, s2: 100, s3: 100, s4: 100 },
  },
  with: {
    outcomes: Array.from({ length: 10 }, (_, i) => outcome(i * 1_000, 10 + i, i < 4 ? 's3' : 's4')),
    slowedAtMs: 5_000,
    finalWeights: { s1: 43, s2: 85, s3: 64, s4: 256 },
  },
  ticks: [
    { tick: 1, endedAtMs: 4_000, shares: { s3: 0.25 } },
    { tick: 2, endedAtMs: 6_000, shares: { s3: 0.2 } },
  ],
  periodMs: 2_000,
  restoredWeights: { s1: 100, s2: 100, s3: 100, s4: 100 },
};

export const result = demoResult(record);
