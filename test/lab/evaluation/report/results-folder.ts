import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { type ContenderName, contenderNames } from '../../../../lab/evaluation/contenders.ts';
import type { Cell, Run } from '../../../../lab/evaluation/record.ts';
import type { Results } from '../../../../lab/evaluation/report/results.ts';
import { fleets, type ScenarioName, scenarioNames, scenarios } from '../../../../lab/evaluation/scenarios.ts';
import { exponential, lognormal, seededRandom } from '../../../../shared/math/random.ts';

export const run: Run = {
  format: 1,
  startedAt: '2026-11-22T10:00:00Z',
  matrix: 'full',
  repetitions: 3,
  seed: 7,
  jobs: 2,
  haweight: '0.1.0',
  haproxy: '2.6.12',
  node: 'v24.21.0',
  machine: { cpu: 'Test CPU | 3 GHz', cores: 2, memoryBytes: 8 * 2 ** 30, kernel: '6.1.0' },
  servers: 'containers',
  atOnce: 1,
  demandCpuMs: 20,
  capacities: { s1: 10, s2: 20, s3: 20, s4: 40, s5: 40 },
  capacityAlone: 140,
};

/** A run of these cells alone. */
export function resultsOf(...cells: readonly (Results['cells'][number] | Results['cells'])[]): Results {
  return { run, cells: cells.flat(), discarded: [], missing: 0, timelines: [] };
}

const fleet = Object.entries(fleets.unequal).map(([name, size]) => ({ name, size }));
/** Requests per second, of all servers. */
const capacity = 130;

/** The content of a cell's file with these requests and defaults for the rest. */
export function cellOf(part: Partial<Cell> = {}): Cell {
  const scenario = part.scenario ?? 'steady-50';
  const repetition = part.repetition ?? 1;
  return {
    format: 1,
    scenario,
    contender: 'roundrobin',
    repetition,
    seed: 100 * repetition + scenarioNames.indexOf(scenario),
    startedAt: '2026-11-22T10:00:00Z',
    durationMs: 10_000,
    servers: fleet.map(({ name, size }) => ({ name, cores: size / 10, capacity: size * 8 })),
    requests: { atMs: [0], responseMs: [10], status: [200], server: [0] },
    samples: { atMs: [], weights: [[], [], [], [], []], utilisation: [[], [], [], [], []], up: [[], [], [], [], []] },
    generator: { p99LagMs: 1, maxLagMs: 2 },
    discarded: null,
    ...part,
  };
}

/** `[response time in ms, status]` of each request; one per millisecond. */
export function requestsOf(outcomes: readonly (readonly [number, number])[]): Cell['requests'] {
  return {
    atMs: outcomes.map((_, index) => index),
    responseMs: outcomes.map(([ms]) => ms),
    status: outcomes.map(([, status]) => status),
    server: outcomes.map(([, status], index) => (status === 200 ? index % fleet.length : -1)),
  };
}

/** A cell with made-up but plausible requests and samples; the same arguments give the same cell. */
export function madeUpCell(scenario: ScenarioName, contender: ContenderName, repetition: number): Cell {
  const { durationMs = 0, load = 0, events = [] } = scenarios.find(({ name }) => name === scenario) ?? {};
  const plain = cellOf({ scenario, contender, repetition, durationMs });
  const arrivals = seededRandom(plain.seed);
  const random = seededRandom(plain.seed * 100 + contenderNames.indexOf(contender));
  const meanMs = 40 + 8 * contenderNames.indexOf(contender) + 100 * load;
  const [event] = events;
  const isDuring = (ms: number) => event !== undefined && ms >= event.fromMs && ms < event.toMs;
  const requests: Cell['requests'] = { atMs: [], responseMs: [], status: [], server: [] };
  for (let at = 0; at < durationMs; at += exponential(arrivals, 1_000 / (load * capacity))) {
    const isBad = isDuring(at) && random() < 0.1;
    requests.atMs.push(Math.round(at * 100) / 100);
    requests.responseMs.push(Math.round(lognormal(random, meanMs * (isDuring(at) ? 4 : 1), 1.3) * 100) / 100);
    requests.status.push(isBad ? (([503, 0, 504, 502] as const)[Math.floor(random() * 4)] ?? 0) : 200);
    requests.server.push(isBad ? -1 : Math.floor(random() * fleet.length));
  }
  const atMs = Array.from({ length: Math.floor(durationMs / 250) }, (_, index) => index * 250);
  const perServer = <Value>(value: (server: number, ms: number) => Value) =>
    fleet.map((_, server) => atMs.map((ms) => value(server, ms)));
  const samples = {
    atMs,
    weights: perServer((server, ms) => (server === 3 && isDuring(ms) ? 20 : (fleet[server]?.size ?? 1) * 40)),
    utilisation: perServer((server, ms) =>
      Math.min(1.05, 0.4 + 0.1 * random() + (server === 3 && isDuring(ms) ? 0.5 : 0)),
    ),
    up: perServer(() => 1),
  };
  return { ...plain, requests, samples };
}

export async function writeRun(folder: string, value: unknown = run): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'run.json'), JSON.stringify(value));
}

/** Returns the file's path. */
export async function writeCell(folder: string, cell: Cell): Promise<string> {
  const file = join(folder, 'raw', cell.scenario, `${cell.contender}-${cell.repetition}.json.gz`);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, gzipSync(JSON.stringify(cell)));
  return file;
}
