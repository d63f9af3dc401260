/** One line that is written over again, where somebody watches; nothing in a file or pipe. */
export function showProgress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

export function endProgress(): void {
  showProgress('');
}
