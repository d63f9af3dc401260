/** Time for what still has to be written, in ms. */
const graceMs = 500;

/**
 * Call this when the work is done and the exit code is set. The process then mostly ends by itself; where something still
 * holds it, such as log lines that are not read or a write to a disk that hangs, this ends it.
 */
export function endSoon(): void {
  setTimeout(() => process.exit(), graceMs).unref();
}
