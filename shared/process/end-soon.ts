/** How long what still has to be written may take, in ms. */
const graceMs = 500;

/**
 * The work is done and the exit code set. Usually the process ends by itself now; where something still holds it, such as
 * log lines that nobody reads or a write to a disk that hangs, it ends all the same.
 */
export function endSoon(): void {
  setTimeout(() => process.exit(), graceMs).unref();
}
