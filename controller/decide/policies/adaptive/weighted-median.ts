import { sum } from '../../../../shared/math/statistics.ts';

export interface Weighted {
  readonly value: number;
  readonly weight: number;
}

/**
 * The value with half of the weight on each side; of two values their weighted mean, as neither can outvote the other. null of
 * none.
 */
export function weightedMedian(values: readonly Weighted[]): number | null {
  const total = sum(values.map(({ weight }) => weight));
  if (values.length <= 2) {
    return values.length === 0 ? null : sum(values.map(({ value, weight }) => value * weight)) / total;
  }
  const sorted = values.toSorted((a, b) => a.value - b.value || a.weight - b.weight);
  let below = 0;
  for (const [index, { value, weight }] of sorted.entries()) {
    below += weight;
    if (below > total / 2) return value;
    // exactly half: the middle is between this one and the next
    if (below === total / 2) return (value + (sorted[index + 1]?.value ?? value)) / 2;
  }
  return sorted.at(-1)?.value ?? null;
}
