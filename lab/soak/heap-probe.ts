// Loaded into a process of ours before its program (node --import): collects its garbage when it is asked to by a message,
// and answers what is left. That is what a leak cannot hide behind; resident memory also holds what V8 keeps in reserve.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** What is in use after a collection. */
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
// it must not keep a process running that wants to end
process.channel?.unref();
