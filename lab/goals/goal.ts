import type { Measure } from './measure.ts';

/** One comparison of a figure with its bound. */
export interface Finding {
  readonly what: string;
  readonly where: string;
  readonly value: number;
  readonly bound: number;
  readonly by: 'at most' | 'at least';
  readonly unit: 'ratio' | 'percent' | 'ticks';
}

export interface Goal {
  readonly name: string;
  readonly text: string;
  /** Every cell of the goal. The worst one decides. */
  readonly findings: (measure: Measure) => readonly Finding[];
}

export function isMet({ value, bound, by }: Finding): boolean {
  return by === 'at most' ? value <= bound : value >= bound;
}

/** Distance from the bound, as a share of the bound. Above 0 the goal is missed; a goal's worst finding has the largest. */
export function shortfall({ value, bound, by }: Finding): number {
  const distance = by === 'at most' ? value - bound : bound - value;
  return distance / Math.max(Math.abs(bound), 1e-9);
}
