import { seededRandom } from '../../shared/math/random.ts';
import { ClosedLoop } from '../../testbed/rig/load/closed-loop.ts';
import type { Tally } from '../../testbed/rig/load/tally.ts';
import type { Pair } from './comparison.ts';
import { backends, type Servers } from './servers.ts';
import { WeightWriter, type Written } from './weight-writer.ts';

export interface WritesOptions {
  /** Requests while weights change, over all algorithms. The same number is sent while they do not. */
  readonly requests: number;
  readonly onProgress: (text: string) => void;
}

/** Result of one algorithm with its third of the requests. */
export interface AlgorithmResult {
  readonly balance: string;
  readonly pairs: readonly Pair[];
  readonly written: Written;
  /** Weights that changed though none should, and weights that were lost. Both must be 0. */
  readonly still: Written;
  readonly seconds: number;
}

const connections = 32;
const deadlineMs = 10_000;
const writeEveryMs = 50;
const pairsPerAlgorithm = 6;
/** Compiles the code of the load and opens the connections. */
const warmUpRequests = 2_000;
const seed = 1;

/** Sends as many requests as the machine can, in turn with changes of weights and without. */
export async function measureWrites(servers: Servers, options: WritesOptions): Promise<readonly AlgorithmResult[]> {
  const results: AlgorithmResult[] = [];
  for (const [index, { name, balance }] of backends.entries()) {
    const startedMs = performance.now();
    const target = { host: '127.0.0.1', port: servers.ports[index] ?? 0 };
    using load = new ClosedLoop({ target, path: '/', connections, deadlineMs });
    await load.run(warmUpRequests);
    const { api } = servers;
    const random = seededRandom(seed + index);
    const writer = new WeightWriter({ api, backend: name, servers: servers.names, random, everyMs: writeEveryMs });
    const requests = Math.ceil(options.requests / backends.length / pairsPerAlgorithm);
    const [changes, none] = [[] as Written[], [] as Written[]];
    const segment = async (still: boolean): Promise<Tally> => {
      const writing = writer.run({ still });
      const [tally, written] = await Promise.all([load.run(requests).finally(() => writer.stop()), writing]);
      (still ? none : changes).push(written);
      return tally;
    };
    const pairs: Pair[] = [];
    for (let round = 0; round < pairsPerAlgorithm; round += 1) {
      options.onProgress(`${balance}: ${round + 1} of ${pairsPerAlgorithm} times ${2 * requests} requests`);
      // with and without changes each come first in half of the pairs
      const first = await segment(round % 2 === 0);
      const second = await segment(round % 2 !== 0);
      pairs.push(round % 2 === 0 ? { still: first, changing: second } : { still: second, changing: first });
    }
    const seconds = (performance.now() - startedMs) / 1_000;
    results.push({ balance, pairs, written: sumOf(changes), still: sumOf(none), seconds });
  }
  return results;
}

export function sumOf(parts: readonly Written[]): Written {
  const total = (key: keyof Written) => parts.reduce((sum, part) => sum + part[key], 0);
  return { changes: total('changes'), zeroes: total('zeroes'), lost: total('lost'), writes: total('writes') };
}
