import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ExecutionContext } from 'ava';
import type { Snapshot } from '../../../../shared/contract/snapshot.ts';
import { renderConfiguration } from '../../../../testbed/rig/haproxy-configuration.ts';
import { type HaproxyProcess, startHaproxy } from '../../../../testbed/rig/haproxy-process.ts';
import { someNetwork } from '../../../../testbed/rig/ports.ts';
import { until } from '../../../../testbed/rig/wait.ts';
import { weights } from '../../../haproxy/setup.ts';
import { type BlackHole, blackHole } from '../../../support/black-hole.ts';
import { httpServer } from '../../../support/http-server.ts';
import { Haweight, type Surroundings } from '../../../support/process.ts';
import { snapshot } from '../../../support/snapshot.ts';
import { temporaryFolder } from '../../../support/temporary-folder.ts';

const periodMs = 2_000;
/** What is promised: a weight that another one changed is right again within this time. */
const rightWithinMs = 2 * periodMs + 500;
/** What is promised: the configured weights are back within this time after SIGTERM. */
const restoredWithinMs = 2_000;
const configured = 77;
/** No metric is near saturation: a server that is known a tick later than the others has no cut to catch up with. */
const calm: Snapshot['metrics'] = {
  ...snapshot().metrics,
  tcpQueues: { status: 'unavailable', reason: 'not-supported', detail: 'no sockets' },
};

export interface PlayOptions {
  /** Servers of backend `web`, whose agents answer. */
  readonly servers: number;
  /** Further backends of three servers each, whose agents hang. */
  readonly hanging?: number;
  /** Agents' URL; as the answering agents have it unless given. */
  readonly url?: (port: number) => string;
  readonly surroundings?: Surroundings;
}

/** A HAProxy, a real controller, and one process that is the agent of every server, or hangs as it. */
export class StandingAgents implements AsyncDisposable {
  readonly haproxy: HaproxyProcess;
  readonly controller: Haweight;
  readonly hole: BlackHole;
  readonly #stack: AsyncDisposableStack;

  private constructor(stack: AsyncDisposableStack, haproxy: HaproxyProcess, hole: BlackHole, controller: Haweight) {
    this.#stack = stack;
    this.haproxy = haproxy;
    this.hole = hole;
    this.controller = controller;
  }

  static async start({ servers, hanging = 0, url, surroundings = {} }: PlayOptions): Promise<StandingAgents> {
    const stack = new AsyncDisposableStack();
    const network = someNetwork();
    const linesOf = (count: number) =>
      Array.from({ length: count }, (_, index) => {
        return { name: `s${index + 1}`, address: `${network}.${index + 1}:9`, weight: configured };
      });
    const hung = Array.from({ length: hanging }, (_, index) => ({ name: `hung${index}`, servers: linesOf(3) }));
    const web = { name: 'web', servers: linesOf(servers) };
    const configuration = renderConfiguration({ backends: [...hung, web] });
    const haproxy = stack.use(await startHaproxy({ configuration }));
    const hole = stack.use(await blackHole('0.0.0.0'));
    let samples = 0;
    const agent = await httpServer((_, response) => {
      samples += 1;
      response.end(JSON.stringify(snapshot({ takenAtMs: samples, ageMs: 0, metrics: calm })));
    }, '0.0.0.0');
    stack.use(agent);
    const folder = stack.use(await temporaryFolder());
    const file = join(folder.path, 'controller.json');
    const answering = Object.fromEntries(
      web.servers.map(({ name, address }) => [name, `http://${address.split(':')[0]}:${agent.port}`]),
    );
    const agents = { url: `http://{address}:${hole.port}/{server}` };
    const config = {
      haproxy: { socket: haproxy.socket },
      listen: '127.0.0.1:0',
      agents: url === undefined ? agents : { url: url(agent.port) },
      backends: [...hung.map(({ name }) => ({ name })), { name: 'web', ...(url ? {} : { agents: answering }) }],
    };
    writeFileSync(file, JSON.stringify(config));
    const controller = stack.use(new Haweight(['controller', '--config', file], {}, surroundings));
    return new StandingAgents(stack, haproxy, hole, controller);
  }

  async weights(): Promise<Readonly<Record<string, number>>> {
    return await weights(this.haproxy.api, 'web');
  }

  /** Waits until the weights of `web` are those of equal servers, other than the configured ones. */
  async areRight(): Promise<void> {
    await until(
      () => `equal weights by the controller: ${this.controller.stderr.slice(-1_000)}`,
      async () => {
        const all = Object.values(await this.weights());
        // up to what is not worth a write
        return !all.includes(configured) && Math.min(...all) > 0.9 * Math.max(...all);
      },
    );
  }

  /** Changes a weight as another program would, and measures until it is right again. */
  async isRightWithin(t: ExecutionContext): Promise<void> {
    await this.haproxy.api.setWeights('web', [{ server: 's1', weight: 7 }]);
    const startedMs = performance.now();
    await this.areRight();
    const tookMs = performance.now() - startedMs;
    t.log(`right after ${Math.round(tookMs)} ms`);
    t.true(tookMs < rightWithinMs, `right after ${tookMs} ms`);
  }

  async isRestoredAtSigterm(t: ExecutionContext): Promise<void> {
    const startedMs = performance.now();
    this.controller.signal('SIGTERM');
    await until('the configured weights', async () => {
      return Object.values(await this.weights()).every((weight) => weight === configured);
    });
    const tookMs = performance.now() - startedMs;
    const { code, stderr } = await this.controller.finished;
    t.log(`restored after ${Math.round(tookMs)} ms, ended after ${Math.round(performance.now() - startedMs)} ms`);
    t.true(tookMs < restoredWithinMs, `restored after ${tookMs} ms`);
    t.is(code, 0, stderr.slice(-1_000));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}
