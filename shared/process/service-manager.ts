/*
 * By hand, not with sd-notify: that is compiled when it is installed, with libsystemd's headers; and the words are a dozen lines.
 */

import { DatagramSocket } from './datagram-socket.ts';

/** How long one of our turns (a tick, a sample) may take until the next is finished, where all is well. */
export interface ServiceManagerOptions {
  /** In ms. A watchdog that is shorter is asked to wait this long. */
  readonly longestTurnMs: number;
  readonly log: { warn(message: string, fields: Readonly<Record<string, string>>): unknown };
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * What systemd wants to know of a service of `Type=notify` (sd_notify(3)): that it works, what it does, and that it is
 * ending. It is told of turns that were FINISHED and of nothing else, and no timer does it: a turn that never ends starves
 * the watchdog, also while everything else of the process goes on.
 */
export class ServiceManager implements Disposable {
  readonly #socket: DatagramSocket;
  readonly #log: ServiceManagerOptions['log'];
  readonly #longestTurnMs: number;
  /** null: nobody watches us. */
  readonly #watchdogMs: number | null;
  #isReady = false;
  #status = '';
  #failed = false;

  /** null where no service manager waits for word of us. Whoever started us may be wrong: nothing here ever throws. */
  static connect({ longestTurnMs, log, environment = process.env }: ServiceManagerOptions): ServiceManager | null {
    const address = environment['NOTIFY_SOCKET'];
    if (address === undefined || address === '') return null;
    const socket = DatagramSocket.to(address);
    if (socket.ok) return new ServiceManager(socket.value, longestTurnMs, watchdogMs(environment), log);
    log.warn('service manager not told', { address, detail: socket.error });
    return null;
  }

  private constructor(
    socket: DatagramSocket,
    longestTurnMs: number,
    watchdog: number | null,
    log: ServiceManagerOptions['log'],
  ) {
    this.#socket = socket;
    this.#longestTurnMs = longestTurnMs;
    this.#watchdogMs = watchdog;
    this.#log = log;
  }

  /** After every finished turn; `status` is one line for people. The first one makes us ready. */
  turnFinished(status: string): void {
    const line = status.replaceAll(/\s+/g, ' ');
    const words = [
      ...(this.#isReady ? [] : ['READY=1', ...this.#longerWatchdog()]),
      ...(line === this.#status ? [] : [`STATUS=${line}`]),
      ...(this.#watchdogMs === null ? [] : ['WATCHDOG=1']),
    ];
    // what could not be sent is said again at the next turn
    if (words.length === 0 || !this.#send(words)) return;
    this.#isReady = true;
    this.#status = line;
  }

  stopping(): void {
    this.#send(['STOPPING=1']);
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #longerWatchdog(): readonly string[] {
    if (this.#watchdogMs === null || this.#watchdogMs >= this.#longestTurnMs) return [];
    return [`WATCHDOG_USEC=${Math.ceil(this.#longestTurnMs * 1_000)}`];
  }

  #send(words: readonly string[]): boolean {
    const sent = this.#socket.send(words.join('\n'));
    if (sent.ok) return true;
    if (!this.#failed) this.#log.warn('service manager not told', { address: this.#socket.name, detail: sent.error });
    this.#failed = true;
    return false;
  }
}

/** In ms; null where nobody watches, or not us but a process that started us. */
function watchdogMs(environment: NodeJS.ProcessEnv): number | null {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: pid = String(process.pid) } = environment;
  return /^[1-9]\d{0,17}$/.test(microseconds) && pid === String(process.pid) ? Number(microseconds) / 1_000 : null;
}
