/** Starts a fresh screen on a terminal; elsewhere the next frame follows after an empty line. */
export function clearScreen(): void {
  process.stdout.write(process.stdout.isTTY ? '\x1b[H\x1b[2J' : '\n');
}

/** Aborted by the first Ctrl-C or SIGTERM, so that a loop can end in good order. */
export function stopOnSignal(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => controller.abort());
  return controller.signal;
}
