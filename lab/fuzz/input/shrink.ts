const maxAttempts = 300;
const maxMs = 3_000;

/** A smaller input that does the same, found by leaving out ever smaller pieces. */
export async function shrink(input: Buffer, same: (smaller: Buffer) => Promise<boolean>): Promise<Buffer> {
  const endMs = performance.now() + maxMs;
  let best = input;
  let attempts = 0;
  for (let size = input.length >> 1; size >= 1; size >>= 1) {
    for (let start = 0; start < best.length; ) {
      if (attempts >= maxAttempts || performance.now() > endMs) return best;
      attempts += 1;
      const smaller = Buffer.concat([best.subarray(0, start), best.subarray(start + size)]);
      if (await same(smaller)) best = smaller;
      else start += size;
    }
  }
  return best;
}
