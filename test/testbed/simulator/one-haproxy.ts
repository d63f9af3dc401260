import { seededRandom } from '../../../shared/math/random.ts';
import { SimulatedHaproxy } from '../../../testbed/simulator/haproxy.ts';
import { Measures } from '../../../testbed/simulator/measures.ts';
import type { Request } from '../../../testbed/simulator/request.ts';
import { SimulatedRuntime } from '../../../testbed/simulator/runtime.ts';
import type { Balance } from '../../../testbed/simulator/schema.ts';
import { Server } from '../../../testbed/simulator/server.ts';
import { experiment, serversOf } from './build.ts';

export interface OneHaproxyOptions {
  readonly servers: number;
  readonly fastPath?: boolean;
  readonly balance?: Balance;
  readonly maxconn?: number;
  readonly minconn?: number;
  readonly fullconn?: number;
  /** Most requests at a server; more are refused. */
  readonly threads?: number;
}

/** One HAProxy with servers of one core each. Nothing happens but what the test does. */
export function oneHaproxy(options: OneHaproxyOptions) {
  const { servers, fastPath = false, balance = 'roundrobin', threads = 2, maxconn, minconn, fullconn } = options;
  const { fleet } = experiment({ fleet: serversOf(servers, { cores: 1, threads, backlog: 0 }) });
  const silent = () => undefined;
  const random = seededRandom(1);
  const machines = fleet.map((spec) => {
    return new Server({ spec, random, reschedule: silent, onDone: silent, onBroken: silent });
  });
  const measures = new Measures(0, 5_000);
  const haproxy = new SimulatedHaproxy({
    ...{ servers: machines, balance, fastPath, random, measures, fullconn: fullconn ?? null },
    ...{ lines: fleet.map((spec) => ({ ...spec, maxconn, minconn })), onSent: silent, onWaiting: silent },
  });
  const runtime = new SimulatedRuntime(haproxy, 7, () => 10_400);
  const send = (): Request => {
    const request = {
      arrivedMs: 0,
      demandMs: 20,
      wait: 0,
      retries: 0,
      stage: 0,
      queuedMs: 0,
      haproxy: 0,
      server: -1,
      over: false,
    };
    haproxy.handle(request, 0);
    return request;
  };
  const row = async (name: string) => {
    const rows = await runtime.stats();
    return rows.ok ? rows.value.find((each) => each.name === name) : undefined;
  };
  return { machines, measures, haproxy, runtime, send, row };
}
