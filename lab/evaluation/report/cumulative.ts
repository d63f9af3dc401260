/** Response times at which distributions are read: 1 ms to 10 s, which is twice the deadline; even on a logarithmic scale. */
export const gridMs: readonly number[] = Array.from({ length: 180 }, (_, index) => 10_000 ** (index / 179));

/** How many requests were answered within each time of the grid, and how many were sent. */
export interface Cumulative {
  readonly sent: number;
  readonly counts: readonly number[];
}

/** `ascendingMs`: response times of answered requests; `sent`: number of answered and failed requests. */
export function countsAt(ascendingMs: ArrayLike<number>, sent: number): Cumulative {
  let count = 0;
  const counts = gridMs.map((ms) => {
    while (count < ascendingMs.length && (ascendingMs[count] ?? 0) <= ms) count += 1;
    return count;
  });
  return { sent, counts };
}

/** All repetitions as one. */
export function pooled(parts: readonly Cumulative[]): Cumulative {
  return {
    sent: parts.reduce((sum, { sent }) => sum + sent, 0),
    counts: gridMs.map((_, index) => parts.reduce((sum, { counts }) => sum + (counts[index] ?? 0), 0)),
  };
}

/**
 * Points [ms, share of all that were sent]. Before the first answer only the last empty point is kept, and of a flat
 * stretch its two ends.
 */
export function curveOf({ sent, counts }: Cumulative): [number, number][] {
  const isKept = (index: number) => counts[index] !== counts[index - 1] || counts[index] !== counts[index + 1];
  return gridMs.flatMap((ms, index): [number, number][] => (isKept(index) ? [[ms, (counts[index] ?? 0) / sent]] : []));
}
