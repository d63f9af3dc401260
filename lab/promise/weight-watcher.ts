import { setTimeout as sleep } from 'node:timers/promises';
import type { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import { backends } from './servers.ts';

/** Counts changes of weights by others: reads all weights in short intervals. Changes within an interval are missed. */
export class WeightWatcher {
  readonly #api: RuntimeApi;
  readonly #everyMs: number;
  #isStopped = false;
  changes = 0;
  zeroes = 0;

  constructor(api: RuntimeApi, everyMs: number) {
    this.#api = api;
    this.#everyMs = everyMs;
  }

  async run(): Promise<void> {
    let before = await this.#read();
    while (!this.#isStopped) {
      await sleep(this.#everyMs);
      const now = await this.#read();
      for (const [server, weight] of now) {
        const was = before.get(server);
        if (was === undefined || was === weight) continue;
        this.changes += 1;
        if (was === 0 || weight === 0) this.zeroes += 1;
      }
      before = now;
    }
  }

  stop(): void {
    this.#isStopped = true;
  }

  async #read(): Promise<ReadonlyMap<string, number>> {
    const servers = await this.#api.servers();
    if (!servers.ok) throw new ProblemError(servers.error);
    const ours = servers.value.filter(({ backend }) => backends.some(({ name }) => name === backend));
    return new Map(ours.map(({ backend, server, weight }) => [`${backend}/${server}`, weight]));
  }
}
