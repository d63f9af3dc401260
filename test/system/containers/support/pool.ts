import { until } from '../../../../testbed/rig/wait.ts';
import { Application, type Size } from './application.ts';
import { Balancer } from './balancer.ts';
import { Surroundings } from './surroundings.ts';

/** Servers behind HAProxy with a controller, each in a container. */
export class Pool implements AsyncDisposable {
  readonly servers: readonly Application[];
  readonly balancer: Balancer;
  readonly #surroundings: Surroundings;

  private constructor(servers: readonly Application[], balancer: Balancer, surroundings: Surroundings) {
    this.servers = servers;
    this.balancer = balancer;
    this.#surroundings = surroundings;
  }

  static async start(names: readonly string[], size: Size): Promise<Pool> {
    await using ends = new AsyncDisposableStack();
    const surroundings = ends.use(await Surroundings.make());
    const servers = await Promise.all(names.map((name) => Application.start(name, size, surroundings)));
    const balancer = await Balancer.start(names, surroundings);
    const pool = new Pool(servers, balancer, surroundings);
    await pool.settled();
    ends.move();
    return pool;
  }

  get token(): string {
    return this.#surroundings.token;
  }

  server(name: string): Application {
    const found = this.servers.find((server) => server.name === name);
    if (found === undefined) throw new Error(`no server ${name}`);
    return found;
  }

  /** Resolves when HAProxy has all servers UP, each with a weight of its full share. */
  async settled(): Promise<void> {
    const fullShare = 0.75 / this.servers.length;
    let shown = '';
    await until(
      () => `settled: ${shown}`,
      async () => {
        const rows = [...(await this.balancer.rows()).values()];
        const total = rows.reduce((sum, { weight }) => sum + weight, 0);
        const { ticks, backends } = await this.balancer.status();
        shown = JSON.stringify([rows.map(({ name, status, weight }) => [name, status, weight]), backends]);
        const known = backends[0]?.servers.every(({ load, agent }) => load !== null && agent.state === 'fresh');
        return (
          ticks > 0 &&
          known === true &&
          rows.every(({ status, weight }) => status === 'UP' && weight / total >= fullShare)
        );
      },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#surroundings[Symbol.asyncDispose]();
  }
}
