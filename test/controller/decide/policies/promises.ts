import { defaultPickOneSettings, pickOne } from '../../../../controller/decide/policies/pick-one.ts';
import { policyNamed } from '../../../../controller/decide/policies/registry.ts';
import type { Policy } from '../../../../shared/contract/policy.ts';
import { type PolicyName, policyNames } from '../../../../shared/contract/policy-names.ts';

/** What a policy says of itself beyond what every policy must do. The conformance suite holds it to each, both ways. */
export interface Promises {
  /** In what the policy is scale-free: multiplied for every server by one factor, it leaves the proportions of weights. */
  readonly scaleFree: Readonly<Record<Quantity, boolean>>;
  /** Where a metric is unknown: judged by what else is known, so as worse than at 0 (true); or it just does not count. */
  readonly judgesByTheRest: boolean;
  /** Most servers that its state still names after they left, where one leaves every tick of 2 s. */
  readonly remembers: number;
}

export const quantities = ['cores', 'traffic', 'configuredWeights', 'utilisation'] as const;
export type Quantity = (typeof quantities)[number];

/** A policy that compares servers with each other depends on no unit; thresholds and integers do. */
const everything = { cores: true, traffic: true, configuredWeights: true, utilisation: true };

const promises: Readonly<Record<PolicyName, Promises>> = {
  // many requests are known better than few, and requests in flight are compared with busy cores
  adaptive: {
    scaleFree: { ...everything, traffic: false, utilisation: false, cores: false },
    judgesByTheRest: true,
    remembers: 300,
  },
  'inverse-load': { scaleFree: everything, judgesByTheRest: true, remembers: 0 },
  // traffic where requests are many: with few, chance decides what counts as a jump
  capacity: { scaleFree: { ...everything, utilisation: false }, judgesByTheRest: false, remembers: 300 },
  'pick-one': { scaleFree: { ...everything, utilisation: false }, judgesByTheRest: false, remembers: 0 },
  stress: { scaleFree: { ...everything, utilisation: false }, judgesByTheRest: true, remembers: 0 },
  equal: { scaleFree: everything, judgesByTheRest: false, remembers: 0 },
  paper: { scaleFree: { ...everything, utilisation: false }, judgesByTheRest: true, remembers: 0 },
};

/** A policy under test. Built anew for every run, so that nothing hidden in an instance can help it. */
export interface Subject extends Promises {
  readonly title: string;
  readonly build: () => Policy;
}

/** Every policy that can be configured, by the names of the registry, and the variants that settings make of them. */
export const subjects: readonly Subject[] = [
  ...policyNames.map((name) => ({ title: name, build: () => policyNamed(name), ...promises[name] })),
  {
    title: 'pick-one, pick least-utilised',
    build: () => pickOne({ ...defaultPickOneSettings, pick: 'least-utilised' }),
    ...promises['pick-one'],
  },
];

export const guarded = subjects.filter(({ build }) => build().dynamics !== null);
