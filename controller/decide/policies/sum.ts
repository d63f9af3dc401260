/** Smallest first: floating-point sums depend on the order, and decisions must not depend on the servers' order. */
export function sum(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b).reduce((total, value) => total + value, 0);
}
