import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { SimulationResult } from './result.ts';
import type { Experiment } from './schema.ts';
import { Simulation } from './simulation.ts';

export interface SimulateOptions {
  /** Called now and then with the part of the run that is done, 0 to 1. */
  readonly onProgress?: (done: number) => void;
  /** Ends the run early: `simulate` rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** How long the run may block the event loop, in ms of real time. The result does not depend on it. */
const stretchMs = 40;
/** Events between two readings of the real clock. */
const eventsPerLook = 1_024;

/** Runs one experiment. The same experiment gives the same result, on any machine, at any time. */
export async function simulate(experiment: Experiment, options: SimulateOptions = {}): Promise<SimulationResult> {
  const { onProgress, signal } = options;
  const simulation = new Simulation(experiment);
  let lookAt = performance.now() + stretchMs;
  signal?.throwIfAborted();
  for (let events = 1; !simulation.isOver; events += 1) {
    const pending = simulation.step();
    // an unnecessary await would cost as much as the event
    if (pending !== undefined) await pending;
    if (events % eventsPerLook !== 0 || performance.now() < lookAt) continue;
    onProgress?.(simulation.done);
    await yieldToOthers();
    signal?.throwIfAborted();
    lookAt = performance.now() + stretchMs;
  }
  onProgress?.(1);
  return simulation.result();
}
