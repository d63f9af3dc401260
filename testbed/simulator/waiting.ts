import { Queue } from './queue.ts';
import type { Request } from './request.ts';

/** The queue of a HAProxy's backend: requests that wait for any server, first in, first out. */
export class Waiting {
  readonly #requests = new Queue<Request>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  push(request: Request): void {
    this.#requests.push(request);
    this.#size += 1;
  }

  shift(): Request | undefined {
    for (;;) {
      const request = this.#requests.shift();
      if (request === undefined) return undefined;
      if (request.over) continue;
      this.#size -= 1;
      return request;
    }
  }

  /** One that is over has left; its place goes when it is first. */
  leave(): void {
    this.#size -= 1;
  }
}
