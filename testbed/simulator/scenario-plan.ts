import type { FleetInput } from './fleets.ts';
import type { ExperimentInput, ScenarioInput } from './schema.ts';

/** The part of an experiment that a scenario sets: base load, lengths, changes of the load, and faults of servers. */
export interface ScenarioPlan
  extends Pick<ExperimentInput, 'demandMs' | 'demandCv' | 'slowShare' | 'timeoutMs' | 'haproxys'> {
  /** One of the two. */
  readonly load?: number;
  /** Requests per second. */
  readonly rate?: number;
  readonly seconds: number;
  readonly warmupSeconds: number;
  readonly scenario: ScenarioInput;
}

/** Long enough for every policy to learn the fleet. */
const warmupSeconds = 20;
export const usualLoad = 0.7;

export function plan(load: number, seconds: number, scenario: ScenarioInput = {}): ScenarioPlan {
  return { load, seconds, warmupSeconds, scenario };
}

function serversBySize(fleet: FleetInput): string[] {
  const capacity = ({ cores, speed = 1, usableCores = cores }: FleetInput[number]) => usableCores * speed;
  return fleet.toSorted((a, b) => capacity(a) - capacity(b)).map(({ name }) => name);
}

export function ofMediumSize(fleet: FleetInput, count: number): string[] {
  const first = Math.floor((fleet.length - count) / 2);
  return serversBySize(fleet).slice(first, first + count);
}

export function largest(fleet: FleetInput): string {
  return serversBySize(fleet).at(-1) ?? '';
}
