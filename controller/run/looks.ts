import { lookEveryMs } from '../loop/look-pace.ts';

/** Looks again and again until it is disposed of: `look` returns after how long the next one is due, in ms. */
export function startLooks(look: () => Promise<number>): Disposable {
  let timer: NodeJS.Timeout | null = null;
  let isStopped = false;
  const again = async () => {
    const dueMs = await look().catch(() => lookEveryMs);
    if (!isStopped) timer = setTimeout(() => void again(), dueMs);
  };
  timer = setTimeout(() => void again(), lookEveryMs);
  return {
    [Symbol.dispose]() {
      isStopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
