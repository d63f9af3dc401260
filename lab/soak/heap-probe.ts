// Loaded into a process before its program (node --import). On a message it collects the garbage and answers how much
// memory is left in use. This shows a leak; resident memory also contains what V8 keeps in reserve.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** V8's heap in use after a garbage collection, in bytes. */
export interface LiveMemory {
  readonly heapBytes: number;
  /** Buffers and other memory outside of V8's heap. */
  readonly externalBytes: number;
}

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
process.on('message', () => {
  collect();
  const { heapUsed, external } = process.memoryUsage();
  process.send?.({ heapBytes: heapUsed, externalBytes: external } satisfies LiveMemory);
});
// must not keep the process alive
process.channel?.unref();
