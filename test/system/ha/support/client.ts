import { seededRandom } from '../../../../shared/math/random.ts';
import { poissonTimes, requestsAt } from '../../../../testbed/rig/load/arrivals.ts';
import { targetOf } from '../../../../testbed/rig/load/connection.ts';
import { OpenLoop } from '../../../../testbed/rig/load/open-loop.ts';
import { type ClientOutcome, sharedNowMs } from './client-protocol.ts';

/*
 * A client on a machine of its own, run as a process: `node test/system/ha/support/client.ts URL REQUESTS-PER-SECOND`. Open-loop:
 * requests at random times whatever became of those before, each over a connection of its own, as from many people. Tells
 * its parent of each one.
 */

/** A client gives up after this, in ms. */
const patienceMs = 1_000;
const [url = '', perSecond] = process.argv.slice(2);

process.on('disconnect', () => process.exit());
const { pathname: path } = new URL(url);
const startedMs = sharedNowMs();
const load = new OpenLoop({
  targets: [targetOf(url)],
  requests: requestsAt(poissonTimes(seededRandom(1), Number(perSecond)), path),
  deadlineMs: patienceMs,
  newConnections: true,
  onOutcome: ({ atMs, endedAtMs, status, server: node }) => {
    const outcome = { intendedAtMs: startedMs + atMs, endedAtMs: startedMs + endedAtMs, status, node };
    process.send?.(outcome satisfies ClientOutcome);
  },
});
await load.done;
