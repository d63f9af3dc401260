import assert from 'node:assert/strict';
import { reasonSchema } from '../../../../shared/contract/decision.ts';
import type { Policy } from '../../../../shared/contract/policy.ts';
import { factors, thresholds } from '../../support/build.ts';
import { inRotation, type Played } from '../../support/play.ts';

/** One decision a server, integers in range, with reasons that the schema knows; who is out of rotation is not written. */
export function assertWellFormed({ decisions, input: { observations } }: Played): void {
  assert.deepEqual(
    decisions.map(({ server }) => server),
    observations.map(({ server }) => server),
  );
  for (const [index, { server, weight, write, reasons }] of decisions.entries()) {
    const observation = observations[index];
    assert.ok(Number.isInteger(weight) && weight >= 0 && weight <= 256, `${server}: weight ${weight}`);
    assert.equal(write, weight !== observation?.currentWeight, `${server}: write`);
    assert.ok(reasons.length > 0, `${server}: no reason`);
    for (const reason of reasons) assert.ok(reasonSchema.safeParse(reason).success, JSON.stringify(reason));
    assert.ok(observation?.exclusion === null || !write, `${server} is ${observation?.exclusion} and written`);
  }
}

/** The policy itself: a verdict for each server that it was asked about, and for no other. */
export function assertAnswersAll(policy: Policy, played: Played): void {
  const observations = inRotation(played);
  const { algorithm, elapsedMs } = played.input;
  const { verdicts } = policy.decide({ observations, factors, thresholds, algorithm, elapsedMs }, played.before.policy);
  assert.deepEqual([...verdicts.keys()].sort(), observations.map(({ server }) => server).sort());
  for (const { weight, reasons } of verdicts.values()) {
    assert.ok(weight === null || weight > 0 || policy.dynamics === null, `weight ${weight}`);
    assert.ok(reasons.length > 0, 'no reason');
  }
}

/** Everything but the guard's count of ticks since the last write, which begins at infinity. */
export function assertFinite({ decisions, after }: Played): void {
  assertFiniteWithin({ decisions, policy: after.policy, servers: [...after.guard.servers] }, '');
}

function assertFiniteWithin(value: unknown, path: string): void {
  if (typeof value === 'number') assert.ok(Number.isFinite(value), `${path} is ${value}`);
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) assertFiniteWithin(inner, `${path}.${key}`);
}
