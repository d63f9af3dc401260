/** The nearest-rank percentile of ascending values: the smallest that at least `fraction` of them do not exceed. */
export function percentile(sorted: ArrayLike<number>, fraction: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * fraction) - 1)] ?? null;
}
