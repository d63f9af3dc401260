/** Smallest first: floating-point sums depend on the order, and decisions must not depend on the servers' order. */
export function sum(values: ArrayLike<number>): number {
  return Float64Array.from(values)
    .sort()
    .reduce((total, value) => total + value, 0);
}

/** null of none. */
export function mean(values: ArrayLike<number>): number | null {
  return values.length === 0 ? null : sum(values) / values.length;
}

/** The middle value, or the mean of the two in the middle; null of none. */
export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const [lower, upper] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  return lower === undefined || upper === undefined ? null : (lower + upper) / 2;
}

/** For each of the values, the median of all the others; null of none. One sort serves them all. */
export function medianWithout(values: readonly number[]): (value: number) => number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const last = sorted.length - 1;
  const at = (position: number, left: number) => sorted[position < left ? position : position + 1];
  return (value) => {
    const left = firstAtLeast(sorted, value);
    const [lower, upper] = [at((last - 1) >> 1, left), at(last >> 1, left)];
    return last < 1 || lower === undefined || upper === undefined ? null : (lower + upper) / 2;
  };
}

function firstAtLeast(sorted: readonly number[], value: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if ((sorted[middle] ?? 0) < value) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The nearest-rank percentile of ascending values: the smallest that at least `fraction` of them do not exceed. */
export function percentile(sorted: ArrayLike<number>, fraction: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? null;
}
