/** Largest of the scheduler's integers. */
const largest = 65_535;
/** A weight counts at most this many times, and at least this part of, the mean of the known ones. */
const mostOfMean = 10;
const leastOfMean = 0.01;
/** So that servers of equal weights are not skipped in the same round. */
const offset = (largest - 1) / 2;

/**
 * Integers in proportion to the weights. 0 is an unknown weight and gets the mean; where at most one is known, all get the same.
 */
export function strides(weights: readonly number[]): readonly number[] {
  const known = weights.filter((weight) => weight > 0);
  if (known.length < 2) return weights.map(() => largest);
  const mean = known.reduce((sum, weight) => sum + weight, 0) / known.length;
  const top = Math.min(Math.max(...known), mostOfMean * mean);
  const scaled = (weight: number) => Math.round((largest * Math.min(weight, top)) / top);
  const least = Math.max(1, Math.round(leastOfMean * scaled(mean)));
  return weights.map((weight) => (weight > 0 ? Math.max(scaled(weight), least) : scaled(mean)));
}

/**
 * gRPC's static stride scheduler (`static_stride_scheduler.cc`, gRPC core): goes round the servers, and takes each in as many of
 * 65,535 rounds as its integer says, evenly spread. Gives the index of the next one; `next` counts up, one for each look at a server.
 */
export function pickByStride(each: readonly number[], next: () => number): number {
  for (;;) {
    const sequence = next();
    const index = sequence % each.length;
    const round = Math.floor(sequence / each.length);
    const stride = each[index] ?? largest;
    if ((stride * round + index * offset) % largest >= largest - stride) return index;
  }
}
