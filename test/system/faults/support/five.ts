import type { ExecutionContext } from 'ava';
import { FaultRun, type FaultRunOptions } from './run.ts';

export const five = ['s1', 's2', 's3', 's4', 's5'] as const;

/** Five equal servers under the default policy, with checks of HAProxy that find nothing of what tests do but death. */
export async function startFive(options: FaultRunOptions = {}): Promise<FaultRun> {
  const lines = ['retries 3', 'option redispatch 1'];
  return await FaultRun.start({ servers: five, cores: 1, weights: {}, lines, ...options });
}

/** Of the requests since a moment, of `performance.now()`, at most this part failed: 0 to 1. Returns the part. */
export async function failedAtMost(
  t: ExecutionContext,
  { load }: FaultRun,
  sinceMs: number,
  most: number,
): Promise<number> {
  const { requests, failures, failed } = await load.seen(sinceMs, performance.now());
  const part = failures / requests;
  const shown = `${failures} of ${requests} failed, ${(100 * part).toFixed(1)} %: ${JSON.stringify([...failed])}`;
  t.log(shown);
  t.true(part <= most, shown);
  return part;
}
