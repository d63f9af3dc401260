import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';

/*
 * By hand: dns.lookup asks as the system does (/etc/hosts, nsswitch, search domains), and c-ares does not. But a call cannot
 * be given up: while a DNS server is silent, calls wait in libuv, which runs two at a time (and file I/O beside them).
 */

/** An older address is looked up again for the next new connection, in ms. */
const freshMs = 10_000;
/** How long a new connection waits for that before it takes the old address, in ms. */
const renewalMs = 200;
/** A lookup that takes longer is one at a DNS server that hangs, in ms. */
const slowMs = 500;
/** While lookups are slow, one of libuv's two is left to others: HAProxy's socket may have a name. */
const mostAtOnce = { usually: 2, whileSlow: 1 } as const;

type Resolve = (name: string) => Promise<readonly LookupAddress[]>;

interface Known {
  readonly addresses: readonly LookupAddress[];
  readonly atMs: number;
}

/**
 * Lets the system's resolver (glibc's: resolv.conf(5)) give up on a silent server after a second, instead of ten, unless the
 * environment says otherwise: an agent has a second, too, and the next lookup comes with the next tick.
 */
export function hurryLookups(): void {
  process.env['RES_OPTIONS'] ??= 'timeout:1 attempts:1';
}

/** Addresses of host names. A name has one lookup at a time; what was found before is used while DNS is silent. */
export class NameLookups {
  readonly #resolve: Resolve;
  readonly #known = new Map<string, Known>();
  readonly #errors = new Map<string, unknown>();
  /** What waits for each name whose lookup has not ended. */
  readonly #pending = new Map<string, Set<() => void>>();
  /** Of these, the names whose lookup has not begun. */
  readonly #queue: string[] = [];
  #running = 0;
  #isSlow = false;

  constructor(resolve: Resolve = (name) => lookup(name, { all: true })) {
    this.#resolve = resolve;
  }

  /** Names whose lookup has not ended. */
  get pending(): number {
    return this.#pending.size;
  }

  /** Waits until an address of the URL's host is known. Throws what the lookup did; returns false at the signal. */
  async ready(url: string, signal: AbortSignal): Promise<boolean> {
    const { hostname } = new URL(url);
    if (hostname.startsWith('[') || isIP(hostname) !== 0 || this.#known.has(hostname)) return true;
    await this.#ended(hostname, signal);
    if (this.#known.has(hostname)) return true;
    if (this.#pending.has(hostname)) return false;
    throw this.#errors.get(hostname);
  }

  /** For connections of Node.js. */
  readonly lookup: LookupFunction = (name, options, callback) => {
    void this.#addresses(name).then((addresses) => {
      const [first] = addresses;
      if (first === undefined) callback(this.#errors.get(name) as NodeJS.ErrnoException, []);
      else if (options.all === true) callback(null, [...addresses]);
      else callback(null, first.address, first.family);
    });
  };

  async #addresses(name: string): Promise<readonly LookupAddress[]> {
    const known = this.#known.get(name);
    const isFresh = known !== undefined && performance.now() - known.atMs < freshMs;
    if (!isFresh) await this.#ended(name, AbortSignal.timeout(renewalMs));
    return this.#known.get(name)?.addresses ?? [];
  }

  /** The end of the lookup of this name, or the signal, if that is sooner. */
  #ended(name: string, signal: AbortSignal): Promise<void> {
    const waiting = this.#pending.get(name) ?? this.#enqueue(name);
    return new Promise((resolve) => {
      const end = () => {
        waiting.delete(end);
        signal.removeEventListener('abort', end);
        resolve();
      };
      waiting.add(end);
      signal.addEventListener('abort', end);
      if (signal.aborted) end();
    });
  }

  #enqueue(name: string): Set<() => void> {
    const waiting = new Set<() => void>();
    this.#pending.set(name, waiting);
    this.#queue.push(name);
    this.#startNext();
    return waiting;
  }

  #startNext(): void {
    const most = this.#isSlow ? mostAtOnce.whileSlow : mostAtOnce.usually;
    while (this.#running < most) {
      const name = this.#queue.shift();
      if (name === undefined) return;
      void this.#look(name);
    }
  }

  async #look(name: string): Promise<void> {
    this.#running += 1;
    const startedMs = performance.now();
    try {
      this.#known.set(name, { addresses: await this.#resolve(name), atMs: performance.now() });
      this.#errors.delete(name);
    } catch (error) {
      this.#errors.set(name, error);
      // a server that is silent does not say that the name is gone
      if ((error as NodeJS.ErrnoException).code === 'ENOTFOUND') this.#known.delete(name);
    }
    this.#running -= 1;
    this.#isSlow = performance.now() - startedMs > slowMs;
    const waiting = this.#pending.get(name) ?? [];
    this.#pending.delete(name);
    for (const end of [...waiting]) end();
    this.#startNext();
  }
}
