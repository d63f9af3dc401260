import type { ScenarioName } from '../scenarios.ts';

/** Scenarios by heading. Every scenario is in one group. */
export const groups = {
  steady: ['steady-50', 'steady-70', 'steady-85'],
  'over-utilised': ['over-utilised'],
  removed: ['removed-1', 'removed-2', 'removed-3'],
  saturated: ['saturated-3'],
  flash: ['flash-135', 'flash-188', 'flash-240', 'flash-110-190'],
  noisy: ['noisy-neighbour'],
  'fails-fast': ['fails-fast'],
  uneven: ['slow-tenth'],
  waiting: ['wait-appears', 'wait-150'],
} as const satisfies Readonly<Record<string, readonly ScenarioName[]>>;

export type GroupName = keyof typeof groups;
export const groupNames = Object.keys(groups) as GroupName[];

/** What the publication's claims are about, in its words. */
export const claimedSituations = {
  'flash crowds': groups.flash,
  'resource failures': [...groups.removed, ...groups.saturated],
} as const satisfies Readonly<Record<string, readonly ScenarioName[]>>;

export type Situation = keyof typeof claimedSituations;
export const situations = Object.keys(claimedSituations) as Situation[];
