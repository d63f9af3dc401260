import { setMaxListeners } from 'node:events';

/** A signal after this many ms, or at once when `stopped` says so. For any number of requests; keeps no process alive. */
export function deadlineIn(ms: number, stopped?: AbortSignal): AbortSignal {
  const controller = new AbortController();
  const end = () => {
    clearTimeout(timer);
    stopped?.removeEventListener('abort', end);
    controller.abort();
  };
  const timer = setTimeout(end, ms).unref();
  stopped?.addEventListener('abort', end);
  if (stopped?.aborted === true) end();
  setMaxListeners(0, controller.signal);
  return controller.signal;
}
