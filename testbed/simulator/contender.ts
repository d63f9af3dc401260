import { Loop } from '../../controller/index.ts';
import { maxWeight } from '../../shared/contract/limits.ts';
import { silentLog } from '../../shared/process/log.ts';
import type { SimulatedAgent } from './agent.ts';
import { simulatedClock } from './clock.ts';
import { controllerConfig } from './controller-config.ts';
import { setFixedLimits } from './fixed-limits.ts';
import type { SimulatedHaproxy } from './haproxy.ts';
import { SimulatedAgents, SimulatedRuntime } from './runtime.ts';
import type { Experiment } from './schema.ts';
import type { Server } from './server.ts';

/** What sets one HAProxy's weights, and when. */
export interface WeightSetter {
  start(): void;
  /** Every period. */
  tick(): Promise<void> | void;
  /** Some times a second, between ticks; gives the time until the next one, in ms. Left out: it does not look. */
  look?(): Promise<number>;
  /** An event has changed what a server can do. */
  capacityChanged(): void;
}

export interface Surroundings {
  readonly experiment: Experiment;
  readonly haproxy: SimulatedHaproxy;
  /** Which HAProxy it is. */
  readonly index: number;
  readonly servers: readonly Server[];
  readonly agents: ReadonlyMap<string, SimulatedAgent>;
  readonly nowMs: () => number;
}

const nothing = () => undefined;
const equalWeight = 100;

export function weightSetter(surroundings: Surroundings): WeightSetter {
  const { experiment, haproxy, index, agents, nowMs } = surroundings;
  const { contender } = experiment;
  const byCapacity = () => setByCapacity(surroundings);
  const limit = () => {
    if (!('limits' in contender) || contender.limits === undefined) return;
    setFixedLimits(haproxy, contender.limits, experiment.fleet, nowMs());
  };
  const both = (set: () => void) => () => {
    set();
    limit();
  };
  switch (contender.kind) {
    case 'static': {
      const equal = () => haproxy.lines.forEach(({ name }) => void haproxy.setWeight(name, equalWeight));
      const start = { configured: nothing, equal, capacity: byCapacity }[contender.weights];
      return { start: both(start), tick: nothing, capacityChanged: nothing };
    }
    // it does without weights
    case 'rival':
      return { start: nothing, tick: nothing, capacityChanged: nothing };
    case 'oracle':
      return { start: both(byCapacity), tick: nothing, capacityChanged: both(byCapacity) };
    case 'policy': {
      const loop = new Loop({
        config: controllerConfig(contender, experiment),
        api: new SimulatedRuntime(haproxy, index + 1, nowMs),
        agents: new SimulatedAgents(agents, nowMs),
        logger: silentLog,
        clock: simulatedClock(nowMs),
      });
      return {
        start: nothing,
        tick: () => loop.tick().then(nothing),
        look: () => loop.look(),
        capacityChanged: nothing,
      };
    }
  }
}

/** Weights in proportion to the capacities; the largest is 256, a server that is down has 0. */
function setByCapacity({ haproxy, servers }: Surroundings): void {
  const largest = Math.max(...servers.map(({ capacity }) => capacity));
  for (const { name, index } of haproxy.lines) {
    const capacity = servers[index]?.capacity ?? 0;
    const weight = capacity === 0 ? 0 : Math.max(1, Math.round((maxWeight * capacity) / largest));
    haproxy.setWeight(name, weight);
  }
}
