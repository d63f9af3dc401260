/*
 * By hand, not with sd-notify: that is compiled when it is installed, with libsystemd's headers; and the words are a dozen lines.
 */

import { DatagramSocket } from './datagram-socket.ts';
import type { Log } from './log.ts';

export interface ServiceManagerOptions {
  /** The longest time from one finished tick to the next while all is well, in ms. A shorter watchdog is asked to wait this long. */
  readonly longestTickMs: number;
  readonly log: Pick<Log, 'warn'>;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Tells systemd what it wants to know of a service of `Type=notify` (sd_notify(3)): that it works, what it does, and that it is
 * ending. It is told of ticks (an agent's: samples) that were FINISHED and of nothing else, and no timer does it: a tick that
 * never ends starves the watchdog, also while everything else in the process goes on.
 */
export class ServiceManager implements Disposable {
  readonly #socket: DatagramSocket;
  readonly #log: ServiceManagerOptions['log'];
  readonly #longestTickMs: number;
  /** null: there is no watchdog. */
  readonly #watchdogMs: number | null;
  #isReady = false;
  #status = '';
  #failed = false;

  /** null where no service manager waits for messages. Its settings may be wrong: nothing here ever throws. */
  static connect({ longestTickMs, log, environment = process.env }: ServiceManagerOptions): ServiceManager | null {
    const address = environment['NOTIFY_SOCKET'];
    if (address === undefined || address === '') return null;
    const socket = DatagramSocket.to(address);
    if (socket.ok) return new ServiceManager(socket.value, longestTickMs, watchdogMs(environment), log);
    log.warn('service manager not told', { address, detail: socket.error });
    return null;
  }

  private constructor(
    socket: DatagramSocket,
    longestTickMs: number,
    watchdog: number | null,
    log: ServiceManagerOptions['log'],
  ) {
    this.#socket = socket;
    this.#longestTickMs = longestTickMs;
    this.#watchdogMs = watchdog;
    this.#log = log;
  }

  /** To be called after every finished tick; `status` is one line for people. The first call tells that the service is ready. */
  tickFinished(status: string): void {
    const line = status.replaceAll(/\s+/g, ' ');
    const words = [
      ...(this.#isReady ? [] : ['READY=1', ...this.#longerWatchdog()]),
      ...(line === this.#status ? [] : [`STATUS=${line}`]),
      ...(this.#watchdogMs === null ? [] : ['WATCHDOG=1']),
    ];
    // what could not be sent is sent again at the next tick
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
    if (this.#watchdogMs === null || this.#watchdogMs >= this.#longestTickMs) return [];
    return [`WATCHDOG_USEC=${Math.ceil(this.#longestTickMs * 1_000)}`];
  }

  #send(words: readonly string[]): boolean {
    const sent = this.#socket.send(words.join('\n'));
    if (sent.ok) return true;
    if (!this.#failed) this.#log.warn('service manager not told', { address: this.#socket.name, detail: sent.error });
    this.#failed = true;
    return false;
  }
}

/** In ms; null without a watchdog, or where it watches the process that started us. */
function watchdogMs(environment: NodeJS.ProcessEnv): number | null {
  const { WATCHDOG_USEC: microseconds = '', WATCHDOG_PID: pid = String(process.pid) } = environment;
  return /^[1-9]\d{0,17}$/.test(microseconds) && pid === String(process.pid) ? Number(microseconds) / 1_000 : null;
}
