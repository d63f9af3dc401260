import test from 'ava';
import { FaultRun } from './support/run.ts';

const reloads = 4;

test.serial(
  'after each of several reloads the weights are right within two ticks, and no request gets a 503',
  async (t) => {
    await using run = await FaultRun.start();
    for (let count = 0; count < reloads; count += 1) {
      await run.stack.haproxy.reload();
      await run.isRightWithin(t);
    }
    const seen = await run.nothingFailed(t);
    t.log(`${seen.requests} requests, ${run.load.retried} sent again, p99 ${seen.p99Ms.toFixed(1)} ms`);
  },
);
