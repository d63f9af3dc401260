import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { err, ok, type Result } from '../contract/result.ts';
import { listeningNames } from './listening-names.ts';
import { againMs, attempts, findRival, mayGiveUp, type NameHolder, type Rivals } from './name-rivals.ts';

/** How long another one that is about to hold the same name may take until it does or gives up, in ms. */
const claimingMs = 5_000;
/** Connections that are answered at once: an answer takes no longer than it takes to write it. */
const maxConnections = 64;

export interface WantedName {
  readonly name: readonly string[];
  /** What others are told, as JSON. */
  readonly self: object;
  readonly rivals: Rivals;
}

/** A wanted name that another process holds. */
export interface TakenName<Wanted extends WantedName> {
  readonly wanted: Wanted;
  readonly holder: NameHolder;
}

/**
 * Holds names that only one process of this machine can hold: a listening UNIX socket each, in Linux' abstract namespace. The
 * kernel frees it when the process ends, however it ends, so nothing is left behind that could keep the next one from
 * starting; it needs no folder that all users may write. It does not reach into other network namespaces or machines. Where
 * the kernel gives no socket, the name is not held.
 *
 * Every user may listen on an abstract name. Where one that does not count has it, the name is held with a random ending; so
 * all that listen on the name, with or without an ending, are asked before that and once more afterwards. Of several that come
 * at once and find each other then, the one with the lowest name stays: it waits until the others have given up.
 *
 * Returns what gives all of them back; or a name that is taken, and then none is held.
 */
export async function holdNames<Wanted extends WantedName>(
  all: readonly Wanted[],
): Promise<Result<AsyncDisposable, TakenName<Wanted>>> {
  await using stack = new AsyncDisposableStack();
  const own = new Map<Wanted, Held>();
  const keep = (wanted: Wanted, held: Held | null) => {
    if (held !== null) own.set(wanted, stack.use(held));
    return held !== null;
  };
  let names: ReadonlyMap<string, readonly string[]> | null = null;
  // in one order, and no further than the first that is taken: two that want the same names must not each keep one
  for (const wanted of all.toSorted(byName)) {
    const path = pathOf(wanted);
    const { self, rivals } = wanted;
    for (let attempt = 1; !keep(wanted, await hold(path, self)); attempt += 1) {
      names ??= await listeningNames(all.map(pathOf));
      const { rival, isTaken } = await findRival(path, names, null, rivals);
      if (rival !== null) return err({ wanted, holder: rival });
      if (isTaken || attempt === attempts) {
        keep(wanted, await hold(withEnding(path), self));
        break;
      }
      await delay(againMs);
    }
  }
  names = await listeningNames(all.map(pathOf));
  for (const [wanted, held] of own) {
    const holder = await rivalThatStays(wanted, held, names);
    if (holder !== null) return err({ wanted, holder });
  }
  for (const held of own.values()) held.settle();
  return ok(stack.move());
}

/** null: there is none, or it gave up, as it found this process. */
async function rivalThatStays(
  wanted: WantedName,
  own: Held,
  names: ReadonlyMap<string, readonly string[]>,
): Promise<NameHolder | null> {
  const startedMs = performance.now();
  for (;;) {
    // before it asks: what was heard before the machine stood still is not the last word
    const isLast = performance.now() - startedMs > claimingMs;
    const { rival } = await findRival(pathOf(wanted), names, own.path, wanted.rivals);
    if (isLast || rival === null || !mayGiveUp(rival.said) || rival.path < own.path) return rival;
    await delay(againMs);
  }
}

/** Who holds each of the names now; null where one is free. */
export async function holdersOfNames(
  all: readonly Pick<WantedName, 'name' | 'rivals'>[],
): Promise<readonly (NameHolder | null)[]> {
  const names = await listeningNames(all.map(pathOf));
  const holders: (NameHolder | null)[] = [];
  for (const wanted of all) holders.push((await findRival(pathOf(wanted), names, null, wanted.rivals)).rival);
  return holders;
}

function byName({ name: one }: WantedName, { name: other }: WantedName): number {
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

interface Held extends AsyncDisposable {
  readonly path: string;
  /** From now on it tells others that it stays. */
  settle(): void;
}

function pathOf({ name }: Pick<WantedName, 'name'>): string {
  return `\0haweight-${createHash('sha256').update(JSON.stringify(name)).digest('hex')}`;
}

function withEnding(path: string): string {
  return `${path}-${randomBytes(16).toString('hex')}`;
}

/** null: it is taken. */
async function hold(path: string, self: object): Promise<Held | null> {
  let answer = `${JSON.stringify({ ...self, claiming: true })}\n`;
  const server = createServer((client) => {
    client.on('error', () => client.destroy());
    // it is in the kernel's buffer then: nobody keeps a connection, reads or not
    client.end(answer, () => client.destroy());
  });
  server.maxConnections = maxConnections;
  server.unref();
  const held = {
    path,
    settle: () => {
      answer = `${JSON.stringify(self)}\n`;
    },
    [Symbol.asyncDispose]: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
  server.listen({ path });
  try {
    await once(server, 'listening');
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EADDRINUSE' ? null : held;
  }
  // such as no descriptor for a connection: the name is held all the same
  server.on('error', () => undefined);
  return held;
}
