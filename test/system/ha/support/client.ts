import { type IncomingMessage, request } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { exponential, seededRandom } from '../../../../shared/math/random.ts';
import { type ClientOutcome, sharedNowMs } from './client-protocol.ts';

/*
 * A client on a machine of its own, run as a process: `node test/system/ha/support/client.ts URL REQUESTS-PER-SECOND`. Open-loop:
 * requests at random times whatever became of those before, each over a connection of its own, as from many people. Tells
 * its parent of each one.
 */

/** A client gives up after this, in ms. */
const patienceMs = 1_000;

async function run(url: string, perSecond: number): Promise<void> {
  const random = seededRandom(1);
  let nextMs = sharedNowMs();
  for (;;) {
    nextMs += exponential(random, 1_000 / perSecond);
    const waitMs = nextMs - sharedNowMs();
    if (waitMs > 0) await delay(waitMs);
    send(url, nextMs);
  }
}

function send(url: string, intendedAtMs: number): void {
  const sent = request(url, { agent: false });
  let isTold = false;
  const tell = (outcome: Pick<ClientOutcome, 'status' | 'server' | 'node'>) => {
    clearTimeout(deadline);
    if (isTold) return;
    isTold = true;
    process.send?.({ intendedAtMs, endedAtMs: sharedNowMs(), ...outcome } satisfies ClientOutcome);
  };
  const deadline = setTimeout(() => {
    tell({ status: -1, server: '', node: '' });
    sent.destroy();
  }, patienceMs);
  const broke = () => tell({ status: 0, server: '', node: '' });
  sent.on('response', (response: IncomingMessage) => {
    const { 'x-server': server = '', 'x-node': node = '' } = response.headers;
    response.resume();
    response.on('end', () => tell({ status: response.statusCode ?? 0, server: String(server), node: String(node) }));
    response.on('error', broke);
  });
  sent.on('error', broke);
  sent.end();
}

process.on('disconnect', () => process.exit());
await run(process.argv[2] ?? '', Number(process.argv[3]));
