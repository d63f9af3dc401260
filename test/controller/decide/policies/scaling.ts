import assert from 'node:assert/strict';
import fc from 'fast-check';
import type { Observation } from '../../../../shared/contract/observation.ts';
import type { Policy } from '../../../../shared/contract/policy.ts';
import { ticksOf } from '../../support/arbitrary.ts';
import { factors, thresholds } from '../../support/build.ts';
import type { Tick } from '../../support/play.ts';
import type { Quantity } from './promises.ts';

/** Requests and weights far from the last digit, loads far from floors and under the guard's thresholds. */
const far = fc.double({ min: 0.2, max: 0.78, noNaN: true });
const many = fc.integer({ min: 1e9, max: 1e11 });
export const scalable = ticksOf(
  fc.record({
    utilisation: fc.record({ cpu: far, ram: far, bandwidth: far, threads: far, tcpQueues: far }),
    cores: fc.constantFrom(0.5, 1, 2, 4, 64),
    stale: fc.constantFrom(false, false, false, true),
    traffic: fc.option(fc.record({ ok: many, errors: fc.oneof(fc.constant(0), many), clientErrors: fc.constant(0) }), {
      nil: null,
      freq: 6,
    }),
    inFlight: many,
    configuredWeight: fc.constantFrom(8, 16, 100, 256),
  }),
);

/** The observation with that quantity multiplied. */
export function times(quantity: Quantity, by: number) {
  return (observation: Observation): Observation => {
    const { agent, traffic, inFlight, configuredWeight } = observation;
    switch (quantity) {
      case 'cores':
        if (agent.state === 'stale') return observation;
        return { ...observation, agent: { ...agent, effectiveCores: agent.effectiveCores * by } };
      case 'traffic': {
        const more = traffic === null ? null : { ok: traffic.ok * by, errors: traffic.errors * by, clientErrors: 0 };
        return { ...observation, traffic: more, inFlight: inFlight * by };
      }
      case 'configuredWeights':
        return { ...observation, configuredWeight: configuredWeight * by };
      case 'utilisation': {
        if (agent.state === 'stale') return observation;
        const less = (value: number | null) => (value === null ? null : value * by);
        const { cpu, ram, bandwidth, threads, tcpQueues } = agent.utilisation;
        const utilisation = {
          cpu: less(cpu),
          ram: less(ram),
          bandwidth: less(bandwidth),
          threads: less(threads),
          tcpQueues: less(tcpQueues),
        };
        return { ...observation, agent: { ...agent, utilisation } };
      }
    }
  };
}

/** Tick by tick, the policy's own weights as parts of the largest. */
export function proportions(
  ticks: readonly Tick[],
  policy: Policy,
  name: string | null,
): ReadonlyMap<string, number | null>[] {
  let state = policy.initialState;
  return ticks.map(({ observations, elapsedMs }) => {
    const outcome = policy.decide({ observations, factors, thresholds, algorithm: name, elapsedMs }, state);
    state = outcome.state;
    const largest = Math.max(...[...outcome.verdicts.values()].map(({ weight }) => weight ?? 0));
    return new Map(
      [...outcome.verdicts].map(([server, { weight }]) => [server, weight === null ? null : weight / (largest || 1)]),
    );
  });
}

export function assertSameProportions(
  one: readonly ReadonlyMap<string, number | null>[],
  other: readonly ReadonlyMap<string, number | null>[],
): void {
  for (const [tick, weights] of one.entries()) {
    for (const [server, weight] of weights) {
      const scaled = other[tick]?.get(server);
      const same = weight === scaled || Math.abs((weight ?? Number.NaN) / (scaled ?? Number.NaN) - 1) < 1e-9;
      assert.ok(same, `tick ${tick}, ${server}: ${weight}, and ${scaled} once scaled`);
    }
  }
}
