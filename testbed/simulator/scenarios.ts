import type { FleetInput } from './fleets.ts';
import { largest, ofMediumSize, plan, type ScenarioPlan, usualLoad } from './scenario-plan.ts';
import { troubles } from './troubles.ts';

type Build = (fleet: FleetInput) => ScenarioPlan;

/** The same load all the time, as a share of the fleet's capacity. */
export function steady(load: number): ScenarioPlan {
  return plan(load, 60);
}

/** Bursts of 300 ms at this load, one every 5 s for a minute, over the usual load. */
export function flashCrowds(burstLoad: number): ScenarioPlan {
  const [everySeconds, lastSeconds, count] = [5, 0.3, 12];
  const loads = Array.from({ length: count }, (_, index) => {
    const fromSeconds = index * everySeconds;
    return { fromSeconds, untilSeconds: fromSeconds + lastSeconds, load: burstLoad };
  });
  return plan(usualLoad, everySeconds * count, { loads });
}

/** 10 s at this load. */
export function crowd(crowdLoad: number): ScenarioPlan {
  return plan(usualLoad, 60, { loads: [{ fromSeconds: 20, untilSeconds: 30, load: crowdLoad }] });
}

/** This many servers of medium size crash for 5 s. */
export function crashing(fleet: FleetInput, count: number): ScenarioPlan {
  const events = ofMediumSize(fleet, count).map((server) => {
    return { kind: 'crash' as const, server, fromSeconds: 20, untilSeconds: 25 };
  });
  return plan(0.6, 60, { events });
}

/** One large server's capacity halves for 30 s; `kind` says whether its CPU metric shows all of that. */
export function slowing(fleet: FleetInput, kind: 'slow' | 'hidden-slow'): ScenarioPlan {
  const event = { kind, server: largest(fleet), fromSeconds: 15, untilSeconds: 45, factor: 0.5 };
  return plan(usualLoad, 60, { events: [event] });
}

/** At 35 % load one agent hangs; later the load goes to 80 %. */
export function frozen(fleet: FleetInput): ScenarioPlan {
  const events = [{ kind: 'frozen-agent' as const, server: largest(fleet), fromSeconds: 0 }];
  return plan(0.35, 60, { loads: [{ fromSeconds: 15, untilSeconds: 60, load: 0.8 }], events });
}

/** A server of medium size answers 500 at once to this share of its requests, for 30 s. */
export function erring(fleet: FleetInput, share: number): ScenarioPlan {
  const [server = ''] = ofMediumSize(fleet, 1);
  return plan(usualLoad, 30, { events: [{ kind: 'errors', server, fromSeconds: 0, share }] });
}

/** A server of medium size sheds everything, with 429 at once. */
export function shedding(fleet: FleetInput): ScenarioPlan {
  const [server = ''] = ofMediumSize(fleet, 1);
  return plan(0.5, 60, { events: [{ kind: 'errors', server, fromSeconds: 0, share: 1, status: 429 }] });
}

/** A fresh start: configured weights, nothing learned. */
export function coldStart(): ScenarioPlan {
  return { ...plan(usualLoad, 30), warmupSeconds: 0 };
}

const tens = [110, 120, 130, 140, 150, 160, 170, 180, 190];
const steadyPercents = [30, 50, 70, 85, 95];

/** Scenarios by name, as in the command and the file; percentages are of the fleet's capacity. */
export const scenarios: ReadonlyMap<string, Build> = new Map<string, Build>([
  ['steady', () => steady(usualLoad)],
  ...steadyPercents.map((percent): [string, Build] => [`steady-${percent}`, () => steady(percent / 100)]),
  ...tens.map((percent): [string, Build] => [`flash-${percent}`, () => flashCrowds(percent / 100)]),
  ['crowd', () => crowd(1.2)],
  ['step', () => plan(0.6, 60, { loads: [{ fromSeconds: 20, untilSeconds: 60, load: 0.95 }] })],
  ...[1, 2, 3].map((count): [string, Build] => [`crash-${count}`, (fleet) => crashing(fleet, count)]),
  ['noisy', (fleet) => slowing(fleet, 'slow')],
  ['hidden', (fleet) => slowing(fleet, 'hidden-slow')],
  ['frozen', frozen],
  ['fails-fast', (fleet) => erring(fleet, 1)],
  ['errors', (fleet) => erring(fleet, 0.3)],
  ['sheds', shedding],
  ['cold-start', coldStart],
  ...troubles,
]);
