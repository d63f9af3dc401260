import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../../shared/contract/problem.ts';
import { Fleet } from './fleet.ts';
import type { Frame } from './live-view.ts';
import { look } from './observe.ts';
import { runPhase } from './phase.ts';
import { planFleet } from './plan.ts';
import { type DemoResult, demoResult } from './result.ts';
import { arrivalsOf, type DemoSettings } from './settings.ts';

export interface DemoOptions {
  readonly settings: DemoSettings;
  /** Called once everything runs, before the first phase. */
  readonly onReady: (fleet: Fleet) => void;
  readonly show: (frame: Frame) => void;
  /** Ends the demo early; the promise then rejects with the signal's reason. */
  readonly signal: AbortSignal;
}

/** Between the phases, in ms: longer than an agent's window, so that the second phase starts from rest. */
const restMs = 3_000;

/**
 * Runs the two phases, the same but for the controller. However it ends, no process and no file is left. Rejects with a
 * ProblemError when one of its processes ends unexpectedly.
 */
export async function runDemo(options: DemoOptions): Promise<DemoResult> {
  const { settings } = options;
  const plan = await planFleet(settings.servers);
  const ending = new AbortController();
  await using fleet = await Fleet.open(plan, settings, ending.signal);
  try {
    const timeline = runTimeline(fleet, { ...options, signal: ending.signal });
    const stopped = rejectOnAbort(options.signal);
    return await Promise.race([timeline, fleet.failure, stopped]);
  } finally {
    ending.abort();
  }
}

async function runTimeline(fleet: Fleet, { settings, onReady, show, signal }: DemoOptions): Promise<DemoResult> {
  const { slowed } = settings;
  await fleet.start();
  onReady(fleet);
  const phase = { settings, fleet, arrivals: arrivalsOf(settings), show, signal };

  const without = await runPhase({ ...phase, before: null });
  await fleet.setNeighbour(slowed.server, 0);
  await fleet.settle();
  await sleep(restMs, undefined, { signal });

  const controlled = await runPhase({ ...phase, before: without.outcomes });
  const { ticks, periodMs } = controlled;
  if (periodMs === null) throw silentController(fleet);
  await fleet.stopController();
  const { weights } = await look(fleet.eyes, false);
  return demoResult({ settings, without, with: controlled, ticks, periodMs, restoredWeights: weights ?? {} });
}

function silentController({ eyes }: Fleet): ProblemError {
  return new ProblemError({
    code: 'controller-unreachable',
    where: `demo: ${eyes.controllerUrl}`,
    what: 'the controller ran, but its status could not be read',
  });
}

function rejectOnAbort(signal: AbortSignal): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  return promise;
}
