/** How often somebody who reads a log wants to know, in ms. */
const quietMs = 10_000;
let toldMs = Number.NEGATIVE_INFINITY;

/** One line that is written over again on a terminal; in a log a line every ten seconds. */
export function showProgress(text: string): void {
  if (process.stderr.isTTY) {
    process.stderr.write(`\r\u001b[K${text}`);
    return;
  }
  if (performance.now() - toldMs < quietMs) return;
  toldMs = performance.now();
  process.stderr.write(`${text}\n`);
}

/** Nothing of it is left on the terminal when this is disposed of, such as before an error is shown. */
export const progressLine: Disposable = { [Symbol.dispose]: endProgress };

export function endProgress(): void {
  if (process.stderr.isTTY) process.stderr.write('\r\u001b[K');
}
