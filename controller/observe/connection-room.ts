/** For HAProxy, callers of the status API, files and lookups of names, as far as the limit has that much. */
const mostForOthers = 320;

/** How many connections to agents fit where so many descriptors are free. Pure. */
export function connectionsWithin(free: number): number {
  return Math.max(1, free - Math.min(Math.floor(free / 2), mostForOthers));
}

export interface RoomOptions {
  /** Most connections, idle ones included. */
  readonly most: number;
  /** How many there are, idle ones included; costs a look at each. */
  readonly open: () => number;
  readonly closeIdle: () => void;
  /** Called the first time that there are too few. */
  readonly onFull: (most: number) => void;
}

/** Keeps requests to agents within the number of connections that the process may have. */
export class ConnectionRoom {
  readonly #options: RoomOptions;
  #most: number;
  #underWay = 0;
  /** At least as many as are open: each request opens one at most. */
  #opened = 0;
  #wasFull = false;
  readonly #waiting = new Set<() => void>();

  constructor(options: RoomOptions) {
    this.#options = options;
    this.#most = options.most;
  }

  get most(): number {
    return this.#most;
  }

  /** Waits for a place. False: there was none by the time that `signal` says. A place that was given must be left. */
  async enter(signal: AbortSignal): Promise<boolean> {
    if (this.#underWay >= this.#most) {
      this.#full();
      if (!(await this.#turn(signal))) return false;
    } else this.#underWay += 1;
    this.#opened += 1;
    if (this.#opened > this.#most) this.#lookAtIdle();
    return true;
  }

  leave(): void {
    const [next] = this.#waiting;
    if (next === undefined || this.#underWay > this.#most) this.#underWay -= 1;
    else next();
  }

  /** The process has no descriptor left: fewer from now on. */
  shrink(): void {
    this.#most = Math.max(1, Math.floor(this.#most / 2));
    this.#full();
  }

  #lookAtIdle(): void {
    const { open, closeIdle } = this.#options;
    this.#opened = open() + 1;
    if (this.#opened <= this.#most) return;
    this.#full();
    closeIdle();
    this.#opened = this.#underWay;
  }

  #full(): void {
    if (this.#wasFull) return;
    this.#wasFull = true;
    this.#options.onFull(this.#most);
  }

  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const end = (isTurn: boolean) => () => {
        this.#waiting.delete(next);
        signal.removeEventListener('abort', giveUp);
        resolve(isTurn);
      };
      const [next, giveUp] = [end(true), end(false)];
      if (signal.aborted) return giveUp();
      this.#waiting.add(next);
      signal.addEventListener('abort', giveUp);
    });
  }
}
