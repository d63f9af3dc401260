import { Burners } from './burners.ts';
import type { Door } from './door.ts';
import type { Processor } from './processor.ts';

/** What is wrong with an application server. */
export interface Faults {
  /** Cores that something else in this process uses; of a server with a quota at most 95 %, the requests have the rest. */
  readonly busy: number;
  /** Processes beside this one that use all the CPU they get, 0 to 8. */
  readonly burners: number;
  /** The status, 400 to 599, with which every request is answered at once; 0: it is served. */
  readonly failing: number;
  /** 1: the connection of every request is reset. */
  readonly resetting: number;
  /** 1: it is as a machine that was removed. It does not listen, and its parent, the agent, is stopped. */
  readonly gone: number;
  /** CPU that a request needs which does not say it, in ms, 0 to 10,000. */
  readonly cpuMs: number;
  /** How long a request that does not say it waits for something else first, such as a database, in ms, 0 to 10,000. */
  readonly waitMs: number;
}

const none: Faults = { busy: 0, burners: 0, failing: 0, resetting: 0, gone: 0, cpuMs: 0, waitMs: 0 };
const most: Faults = { busy: 1_000, burners: 8, failing: 599, resetting: 1, gone: 1, cpuMs: 10_000, waitMs: 10_000 };
const leastStatus = 400;
/** How long an answer may take, in ms. */
const answerMs = 10_000;

/** Causes and ends the faults of an application server. */
export class Control {
  faults: Faults = none;
  readonly #processor: Processor;
  readonly #door: Door;
  readonly #burners = new Burners();

  constructor(processor: Processor, door: Door) {
    this.#processor = processor;
    this.#door = door;
    process.on('exit', () => this.#burners.set(0));
  }

  /** Such as `busy=0.1&failing=0`; what is not named stays as it is. Returns false, and changes nothing, if that cannot be. */
  async set(query: URLSearchParams): Promise<boolean> {
    const change = parse(query);
    if (change === null || (change.busy ?? 0) > this.#processor.mostBusy) return false;
    this.faults = { ...this.faults, ...change };
    if (change.burners !== undefined) this.#burners.set(change.burners);
    if (change.gone !== undefined) this.#setGone(change.gone === 1);
    if (change.busy !== undefined) await this.#processor.setBusy(change.busy);
    return true;
  }

  /** Connections to a stopped agent time out, as those to a removed machine do. */
  #setGone(isGone: boolean): void {
    if (isGone) this.#door.slam();
    else this.#door.open();
    process.kill(process.ppid, isGone ? 'SIGSTOP' : 'SIGCONT');
  }
}

function parse(query: URLSearchParams): Partial<Faults> | null {
  const change = Object.fromEntries([...query].map(([name, value]) => [name, Number(value)]));
  const isPossible = Object.entries(change).every(([name, value]) => {
    return name in most && value >= 0 && value <= most[name as keyof Faults] && isFine(name, value);
  });
  return isPossible ? change : null;
}

function isFine(name: string, value: number): boolean {
  if (name === 'busy' || name === 'cpuMs' || name === 'waitMs') return true;
  return Number.isInteger(value) && (name !== 'failing' || value === 0 || value >= leastStatus);
}

/** Tells an application server what is wrong with it from now on. `control`: such as http://127.0.0.1:9481. */
export async function setFaults(control: string, faults: Partial<Faults>): Promise<void> {
  const query = Object.entries(faults).map(([name, value]) => `${name}=${value}`);
  const url = `${control}/control?${query.join('&')}`;
  const { status } = await fetch(url, { method: 'PUT', signal: AbortSignal.timeout(answerMs) });
  if (status !== 204) throw new Error(`PUT ${url} was answered ${status}`);
}
