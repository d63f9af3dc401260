import { lognormal, seededRandom } from '../../shared/math/random.ts';
import { mean } from '../../shared/math/statistics.ts';
import type { Run } from './record.ts';
import { ports, type Server, type Servers } from './servers/server.ts';

/** How long every server is kept busy, in ms, and before that for how long its code is compiled. */
const measuredMs = 10_000;
const warmUpMs = 4_000;
/** Requests that a server has at a time: enough to keep it busy, few enough to drop little at the end. */
const clients = 3;

/**
 * Requests per second that each server can answer, by name: the mean over the stacks. All are measured at once, because they
 * will be used at once.
 */
export async function calibrate(
  fleets: readonly Servers[],
  demandCpuMs: number,
  signal: AbortSignal,
): Promise<Run['capacities']> {
  const measured = await Promise.all(
    fleets.flatMap(({ list }) =>
      list.map(async (server) => ({ name: server.name, capacity: await measureCapacity(server, demandCpuMs, signal) })),
    ),
  );
  const byName = Object.groupBy(measured, ({ name }) => name);
  const meanOf = (of: typeof measured) => mean(of.map(({ capacity }) => capacity)) ?? Number.NaN;
  return Object.fromEntries(Object.entries(byName).map(([name, of = []]) => [name, Number(meanOf(of).toFixed(2))]));
}

/** Successful requests per second of one server that always has work, without HAProxy. */
async function measureCapacity(server: Server, demandCpuMs: number, signal: AbortSignal): Promise<number> {
  const random = seededRandom(1);
  const end = performance.now() + warmUpMs + measuredMs;
  let answered = 0;
  const client = async () => {
    while (performance.now() < end) {
      const demand = lognormal(random, demandCpuMs, 1).toFixed(3);
      const url = `http://${server.host}:${ports.app}/work?cpuMs=${demand}`;
      const { ok } = await fetch(url, { signal });
      const nowMs = performance.now();
      if (ok && nowMs < end && nowMs > end - measuredMs) answered += 1;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return (answered * 1_000) / measuredMs;
}
