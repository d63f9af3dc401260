import { setTimeout as sleep } from 'node:timers/promises';
import { ProblemError } from '../../shared/contract/problem.ts';
import { Child } from '../../testbed/rig/child.ts';
import { requestsAt, steadyTimes } from '../../testbed/rig/load/arrivals.ts';
import { OpenLoop } from '../../testbed/rig/load/open-loop.ts';
import { Tally } from '../../testbed/rig/load/tally.ts';
import { addressesIn, freePorts } from '../../testbed/rig/ports.ts';
import { startHaweight } from '../../testbed/rig/stack.ts';
import { until } from '../../testbed/rig/wait.ts';
import type { Pair } from './comparison.ts';
import { backends, configuredLimit, type Servers } from './servers.ts';
import { WeightWatcher } from './weight-watcher.ts';

export interface ControllerOptions {
  readonly seconds: number;
  readonly onProgress: (text: string) => void;
}

export interface ControllerResult {
  readonly requestsPerSecond: number;
  readonly pairs: readonly Pair[];
  /** Changes of weights seen in HAProxy, which is read every 100 ms. */
  readonly changes: number;
  readonly zeroes: number;
  /** Servers that had a limit of the controller at the end, of all backends. */
  readonly limited: number;
  /** The longest delay in sending a request, in ms. */
  readonly latestMs: number;
}

const requestsPerSecond = 2_000;
const deadlineMs = 10_000;
/** Time that the controller runs, and time that it is stopped, in ms; the first part of each is not counted. */
const segmentMs = 2_500;
const lookEveryMs = 100;
const startMs = 30_000;

/**
 * A real controller with a period of one second, whose agents make it write at every tick, under a load of a fixed rate.
 * It is stopped and continued in turn (SIGSTOP, SIGCONT), so that phases with and without it are only seconds apart.
 */
export async function measureController(servers: Servers, options: ControllerOptions): Promise<ControllerResult> {
  const addresses = addressesIn(servers.network, servers.names.length);
  const [agentPort, statusPort] = await freePorts([{ hosts: addresses }, {}]);
  await using cleanup = new AsyncDisposableStack();
  const agents = new URL('./agents.ts', import.meta.url).pathname;
  cleanup.use(
    new Child('the agents', [process.execPath, agents, servers.network, String(agentPort), String(addresses.length)]),
  );
  const controller = cleanup.use(
    startHaweight(
      'controller',
      [
        'controller',
        ...['--limits', 'on'],
        ...['--socket', servers.haproxy.socket, '--listen', `127.0.0.1:${statusPort}`, '--period-ms', '1000'],
        ...backends.flatMap(({ name }) => ['--backend', name]),
        ...['--agent-url', `http://{address}:${agentPort}`, '--on-exit', 'keep', '--log-level', 'error'],
      ],
      // without a folder it would only observe limits
      servers.haproxy.folder,
    ),
  );
  let tally = new Tally();
  cleanup.use(
    new OpenLoop({
      targets: servers.ports.map((port) => ({ host: '127.0.0.1', port })),
      requests: requestsAt(steadyTimes(requestsPerSecond), '/'),
      deadlineMs,
      onOutcome: (outcome) => tally.add(outcome),
    }),
  );
  const watcher = new WeightWatcher(servers.api, lookEveryMs);
  const watching = watcher.run();
  // a failure before the end is reported at the end
  watching.catch(() => {});
  cleanup.defer(async () => {
    watcher.stop();
    await watching.catch(() => {});
  });
  await until(
    'the first weights of the controller',
    () => {
      controller.assertRunning();
      return watcher.changes > servers.names.length;
    },
    { limitMs: startMs },
  );

  const segment = async (running: boolean): Promise<Tally> => {
    controller.signal(running ? 'SIGCONT' : 'SIGSTOP');
    const counted = new Tally();
    tally = counted;
    await sleep(segmentMs);
    tally = new Tally();
    return counted;
  };
  const pairs: Pair[] = [];
  const rounds = Math.max(1, Math.round((options.seconds * 1_000) / segmentMs / 2));
  for (let round = 0; round < rounds; round += 1) {
    options.onProgress(`controller: ${round + 1} of ${rounds} times with and without`);
    const first = await segment(round % 2 === 0);
    const second = await segment(round % 2 !== 0);
    pairs.push(round % 2 === 0 ? { changing: first, still: second } : { changing: second, still: first });
  }
  controller.assertRunning();
  watcher.stop();
  await watching;
  const { changes, zeroes } = watcher;
  const limited = await limitedServers(servers.api);
  const latestMs = Math.max(...pairs.flatMap(({ changing, still }) => [changing.maxLagMs, still.maxLagMs]));
  return { requestsPerSecond, pairs, changes, zeroes, limited, latestMs };
}

async function limitedServers(api: Servers['api']): Promise<number> {
  const rows = await Promise.all(backends.map(({ name }) => api.stats(name)));
  return rows.flatMap((each) => {
    if (!each.ok) throw new ProblemError(each.error);
    return each.value.filter(({ kind, limit }) => kind === 'server' && limit !== configuredLimit);
  }).length;
}
