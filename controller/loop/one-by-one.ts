import { setImmediate as nextTurn } from 'node:timers/promises';

/** Runs tasks one after the other, in the order in which they come, and lets the process do other things in between. */
export class OneByOne {
  #last: Promise<unknown> = Promise.resolve();

  run<Value>(task: () => Promise<Value>): Promise<Value> {
    const start = async () => {
      await nextTurn();
      return await task();
    };
    const done = this.#last.then(start, start);
    this.#last = done;
    return done;
  }
}
