import { setTimeout as delay } from 'node:timers/promises';

/** Asked together: enough to keep a core busy, few enough that what they allocate is young when it is collected. */
const batchSize = 64;
/** How long a batch may delay the next one, in ms: agents that hang cost this and not their whole deadline. */
const patienceMs = 40;

/**
 * Like Promise.all over `items`, started batch by batch: the next batch starts when the one before has finished, or has
 * had its time. `start` must not reject.
 */
export async function inBatches<Item, Value>(
  items: readonly Item[],
  start: (batch: readonly Item[]) => readonly Promise<Value>[],
): Promise<Value[]> {
  const results: Promise<Value>[] = [];
  for (let from = 0; from < items.length; from += batchSize) {
    const batch = start(items.slice(from, from + batchSize));
    results.push(...batch);
    const done = new AbortController();
    const patience = delay(patienceMs, undefined, { signal: done.signal, ref: false }).catch(() => undefined);
    await Promise.race([Promise.all(batch), patience]);
    done.abort();
  }
  return await Promise.all(results);
}
