import { sum } from '../../../../shared/math/statistics.ts';
import { type Configuration, renderConfiguration, type Server } from '../../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../../testbed/rig/haproxy-process.ts';
import type { Request } from '../../../../testbed/rig/load/arrivals.ts';
import { OpenLoop } from '../../../../testbed/rig/load/open-loop.ts';
import { freePort } from '../../../../testbed/rig/ports.ts';
import { Arrivals } from '../../../../testbed/simulator/arrivals.ts';
import { Clients } from '../../../../testbed/simulator/clients.ts';
import { parseExperiment } from '../../../../testbed/simulator/parse-experiment.ts';
import type { Experiment } from '../../../../testbed/simulator/schema.ts';
import { simulate } from '../../../../testbed/simulator/simulate.ts';
import { streamsOf } from '../../../../testbed/simulator/streams.ts';
import { ratesOf } from '../../../../testbed/simulator/workload.ts';
import { haproxyTest as test } from '../../../haproxy/setup.ts';
import { workerServer } from '../../../support/worker-server.ts';

/*
 * The queue of the simulator against that of a real HAProxy: the same requests, at the same times, to servers of the same speeds.
 */

const speeds = [1, 2, 2, 4, 4];
const kinds = [...new Set(speeds)];
/**
 * Which server is free first is a matter of microseconds, and decides what follows: where all requests last 0.5 % longer, the
 * model's mean wait for the same requests changes by up to 20 %. So HAProxy is held to this many runs of the model, with requests
 * up to twice as late as HAProxy's were: its mean wait must be within 4 standard deviations of theirs, or within 30 %, as a
 * machine is late in bursts. Which requests a server gets is chance, too: its part of n requests is off by 4 sqrt(p (1 - p) / n).
 */
const runs = 20;
const deviations = 4;
const bursts = 0.3;

interface Seen {
  /** Mean time in HAProxy's queue, in ms. */
  readonly waitMs: number;
  /** Part of the requests that the servers of each speed got. */
  readonly split: readonly number[];
  readonly requests: number;
}

interface Real extends Seen {
  /** How much longer the servers' answers took than was asked for, over the mean that was asked for. */
  readonly late: number;
}

function experimentOf(setUp: Readonly<Record<string, unknown>>): Experiment {
  const serial = { cores: 1, discipline: 'fifo', workers: 1, backlog: 10_000 };
  const patience = { timeoutQueueMs: 60_000, timeoutMs: 60_000 };
  return parseExperiment(
    {
      fleet: speeds.map((speed, index) => ({ name: `s${index + 1}`, speed, ...serial })),
      ...{ demandMs: 300, demandCv: 1, load: 0.85, seconds: 18, warmupSeconds: 0, ...patience },
      ...{ contender: { kind: 'static', weights: 'configured' }, ...setUp },
    },
    'the test',
  );
}

/** The same requests, each so much longer. */
function longer(experiment: Experiment, part: number): Experiment {
  const rate = ratesOf(experiment)[0]?.requestsPerSecond ?? Number.NaN;
  return { ...experiment, load: undefined, rate, demandMs: (1 + part) * experiment.demandMs };
}

/** The requests of the experiment, drawn as the simulator draws them. */
function requestsOf(experiment: Experiment): readonly Request[] {
  const streams = streamsOf(experiment.seed, experiment.fleet.length, 1);
  const [clients, arrivals] = [new Clients(experiment, streams), new Arrivals(ratesOf(experiment), streams.arrivals)];
  const requests: Request[] = [];
  for (let atMs = arrivals.next(); atMs < experiment.seconds * 1_000; atMs = arrivals.next()) {
    requests.push({ atMs, path: `/?ms=${clients.request(atMs).demandMs.toFixed(3)}` });
  }
  return requests;
}

async function simulated(experiment: Experiment): Promise<Seen> {
  const { queue, servers } = await simulate(experiment);
  return { waitMs: queue?.meanMs ?? Number.NaN, ...partsOf(servers.map(({ completed }) => completed)) };
}

async function real(experiment: Experiment): Promise<Real> {
  await using stack = new AsyncDisposableStack();
  const servers: Server[] = [];
  for (const { name, speed } of experiment.fleet) {
    const { address } = stack.use(await workerServer(speed));
    servers.push({ name, address, options: limitsOf(experiment) });
  }
  const port = await freePort();
  const configuration = configurationOf(experiment, port, servers);
  stack.use(await startHaproxy({ configuration: renderConfiguration(configuration) }));
  const answers: (readonly string[])[] = [];
  await new OpenLoop({
    targets: [{ host: '127.0.0.1', port }],
    requests: requestsOf(experiment),
    deadlineMs: 60_000,
    onOutcome: ({ server }) => answers.push((server ?? '').split(' ')),
  }).done;
  const meanOf = (index: number) => mean(answers.map((answer) => Number(answer[index] ?? Number.NaN)));
  return {
    waitMs: meanOf(1),
    late: (meanOf(2) - meanOf(3)) / meanOf(3),
    ...partsOf(servers.map(({ name }) => answers.filter(([server]) => server === name).length)),
  };
}

function configurationOf({ fullconn, balance }: Experiment, port: number, servers: readonly Server[]): Configuration {
  const lines = [
    ...['timeout queue 60s', 'timeout server 60s'],
    // server, time in the queue, time of the server, and the time that it meant to take
    'http-response set-header x-server "%s %Tw %Tr %[res.hdr(x-own-ms)]"',
    ...(fullconn === undefined ? [] : [`fullconn ${fullconn}`]),
  ];
  return {
    frontends: [{ name: 'front', bind: `127.0.0.1:${port}`, backend: 'web' }],
    backends: [{ name: 'web', algorithm: balance, lines, servers }],
  };
}

function limitsOf({ maxconn, minconn }: Experiment): string {
  return `maxconn ${maxconn}${minconn === undefined ? '' : ` minconn ${minconn}`}`;
}

/** `counts`: of each server. */
function partsOf(counts: readonly number[]): Pick<Seen, 'split' | 'requests'> {
  const requests = sum(counts);
  const of = (kind: number) => sum(counts.filter((_, index) => speeds[index] === kind));
  return { requests, split: kinds.map((kind) => of(kind) / requests) };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

for (const [title, setUp] of [
  ['2 each under roundrobin', { maxconn: 2, balance: 'roundrobin' }],
  ['2 each under leastconn', { maxconn: 2, balance: 'leastconn' }],
  ['bounded under roundrobin', { maxconn: 1_800, minconn: 1, fullconn: 10_000, balance: 'roundrobin' }],
] as const) {
  test(`requests wait in the model as in HAProxy, and go to the same servers: ${title}`, async (t) => {
    const experiment = experimentOf(setUp);
    const haproxy = await real(experiment);
    const models: Seen[] = [];
    for (let run = 0; run < runs; run += 1) {
      models.push(await simulated(longer(experiment, (2 * haproxy.late * run) / runs)));
    }
    const check = (what: string, of: (seen: Seen) => number, chance: (expected: number) => number) => {
      const values = models.map(of);
      const expected = mean(values);
      const deviation = Math.sqrt(mean(values.map((value) => (value - expected) ** 2)));
      const bound = Math.max(deviations * deviation, chance(expected));
      const text = `${what}: HAProxy ${of(haproxy).toPrecision(3)}, model ${expected.toPrecision(3)} +- ${bound.toPrecision(2)}`;
      t.log(text);
      t.true(Math.abs(of(haproxy) - expected) < bound, text);
      return expected;
    };
    t.true(
      check(
        'mean wait in ms',
        ({ waitMs }) => waitMs,
        (expected) => bursts * expected,
      ) > 5,
      'they do wait',
    );
    const ofParts = (p: number) => deviations * Math.sqrt((p * (1 - p)) / haproxy.requests);
    for (const [index, speed] of kinds.entries()) {
      const part = check(`part of the servers of speed ${speed}`, ({ split }) => split[index] ?? Number.NaN, ofParts);
      const equal = speeds.filter((each) => each === speed).length / speeds.length;
      // of those between it is too near to tell
      if (speed === Math.min(...speeds) || speed === Math.max(...speeds))
        t.true(Math.abs(part - equal) > ofParts(equal), 'not just equal parts');
    }
  });
}
