import { setTimeout as sleep } from 'node:timers/promises';
import { type Arrival, workPath } from '../rig/load/arrivals.ts';
import { targetOf } from '../rig/load/connection.ts';
import { OpenLoop } from '../rig/load/open-loop.ts';
import type { Outcome } from '../rig/load/outcome.ts';
import type { Fleet } from './fleet.ts';
import { frameOf } from './frame.ts';
import type { Frame } from './live-view.ts';
import { look, type Sight } from './observe.ts';
import type { PhaseRecord } from './result.ts';
import type { DemoSettings } from './settings.ts';
import type { Tick } from './slowdown.ts';

export interface PhaseOptions {
  readonly settings: DemoSettings;
  readonly fleet: Fleet;
  readonly arrivals: readonly Arrival[];
  /** What the phase without the controller measured; null in that phase itself. */
  readonly before: readonly Outcome[] | null;
  readonly show: (frame: Frame) => void;
  readonly signal: AbortSignal;
}

export interface PhaseMeasured extends PhaseRecord {
  /** Every tick of the controller that was seen. */
  readonly ticks: readonly Tick[];
  readonly periodMs: number | null;
}

/** Time between two frames, in ms. */
const refreshMs = 300;

/** Sends the load of a phase, slows one server in its middle, and shows the state of the system meanwhile. */
export async function runPhase(options: PhaseOptions): Promise<PhaseMeasured> {
  const { settings, fleet, arrivals, before, show, signal } = options;
  const outcomes: Outcome[] = [];
  const ticks = new Map<number, Tick>();
  const startedAt = Date.now();
  const started = performance.now();
  const elapsedMs = () => performance.now() - started;
  let slowedAtMs: number | null = null;
  let sight: Sight | null = null;

  const slow = async () => {
    await sleep((settings.phaseSeconds / 2) * 1_000, undefined, { signal });
    await fleet.setNeighbour(settings.slowed.server, settings.slowed.lostShare);
    slowedAtMs = elapsedMs();
    return slowedAtMs;
  };
  const watch = async (done: AbortSignal) => {
    while (!done.aborted) {
      sight = await look(fleet.eyes, before !== null);
      const tick = tickOf(sight, fleet.eyes.backend, startedAt);
      if (tick !== null) ticks.set(tick.tick, tick);
      show(frameOf({ settings, sight, outcomes, before, elapsedMs: elapsedMs(), slowedAtMs }));
      await sleep(refreshMs, undefined, { signal });
    }
    return sight;
  };

  const loadDone = new AbortController();
  const { deadlineMs, maxInFlight } = settings;
  const load = new OpenLoop({
    targets: [targetOf(fleet.frontUrl)],
    requests: arrivals.map(({ atMs, demandCpuMs }) => ({ atMs, path: workPath(demandCpuMs) })),
    deadlineMs,
    maxInFlight,
    signal,
    onOutcome: (outcome) => outcomes.push(outcome),
  }).done.finally(() => loadDone.abort());
  if (before !== null) fleet.startController();
  const [slowedAt, last] = await Promise.all([slow(), watch(loadDone.signal), load]);
  return {
    outcomes,
    slowedAtMs: slowedAt,
    finalWeights: last?.weights ?? {},
    ticks: [...ticks.values()],
    periodMs: last?.status?.periodMs ?? null,
  };
}

function tickOf({ status }: Sight, backend: string, startedAt: number): Tick | null {
  const servers = status?.backends.find((one) => one.backend === backend)?.servers;
  if (status === null || status.lastTickAtMs === null || servers === undefined) return null;
  const shares = Object.fromEntries(servers.map(({ server, share }) => [server, share ?? 0]));
  return { tick: status.ticks, endedAtMs: status.lastTickAtMs - startedAt, shares };
}
