import type { RuntimeApi } from '../../haproxy/runtime-api.ts';
import type { Cell } from './record.ts';
import type { Server } from './servers/server.ts';

/** Time between two samples, in ms: four samples for each tick of the controller. */
const everyMs = 500;

/** Samples HAProxy's weights and the servers' CPU until it is disposed of; its times count from `originMs`. */
export class Sampler implements AsyncDisposable {
  readonly samples: { readonly atMs: number[] } & Record<'weights' | 'utilisation' | 'up', number[][]>;
  readonly #api: RuntimeApi;
  readonly #backend: string;
  readonly #servers: readonly Server[];
  readonly #originMs: number;
  readonly #timer: NodeJS.Timeout;
  #usedCpuMs: readonly number[];
  #lookedMs = performance.now();
  #looking: Promise<void> = Promise.resolve();

  constructor(api: RuntimeApi, backend: string, servers: readonly Server[], originMs: number) {
    const columns = () => servers.map((): number[] => []);
    this.samples = { atMs: [], weights: columns(), utilisation: columns(), up: columns() };
    this.#api = api;
    this.#backend = backend;
    this.#servers = servers;
    this.#originMs = originMs;
    this.#usedCpuMs = servers.map((server) => server.usedCpuMs());
    this.#timer = setInterval(() => {
      this.#looking = this.#look();
    }, everyMs);
  }

  /** The samples from time 0 on. */
  get fromStart(): Cell['samples'] {
    const { atMs, weights, utilisation, up } = this.samples;
    const first = atMs.findIndex((at) => at >= 0);
    const cut = (column: readonly number[]) => (first === -1 ? [] : column.slice(first));
    return { atMs: cut(atMs), weights: weights.map(cut), utilisation: utilisation.map(cut), up: up.map(cut) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.#looking;
  }

  /** Leaves out a sample that HAProxy does not answer, such as while it is being stopped. */
  async #look(): Promise<void> {
    const rows = await this.#api.stats(this.#backend);
    if (!rows.ok) return;
    const nowMs = performance.now();
    const { atMs, weights, utilisation, up } = this.samples;
    const usedCpuMs = this.#servers.map((server) => server.usedCpuMs());
    atMs.push(Math.round(nowMs - this.#originMs));
    for (const [index, { name, cores }] of this.#servers.entries()) {
      const row = rows.value.find((each) => each.kind === 'server' && each.name === name);
      const used = (usedCpuMs[index] ?? 0) - (this.#usedCpuMs[index] ?? 0);
      weights[index]?.push(row?.weight ?? 0);
      up[index]?.push(row?.status.startsWith('UP') ? 1 : 0);
      utilisation[index]?.push(Number((used / (cores * (nowMs - this.#lookedMs))).toFixed(3)));
    }
    this.#usedCpuMs = usedCpuMs;
    this.#lookedMs = nowMs;
  }
}
