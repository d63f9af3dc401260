import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { err, ok, type Result } from '../contract/result.ts';
import { listeningNames } from './listening-names.ts';
import { closeConnection, connectToPeer, type Peer, type PeerConnection } from './peer.ts';

/** How long a holder may take to say who it is, in ms, and how much it may say. */
const answerMs = 1_000;
const maxAnswerBytes = 1_000;
/** How often a holder that has just ended, or does not accept at once, is tried, and how far apart in ms. */
const attempts = 5;
const againMs = 50;
/** How long another one that is about to hold the same name may take until it does or gives up, in ms. */
const claimingMs = 5_000;
/** Names that are asked before other work of this process has its turn. */
const asksPerTurn = 100;
/** Connections that are answered at once: an answer takes no longer than it takes to write it. */
const maxConnections = 64;

/** Who holds a name: the JSON that it says of itself; null where it says none that can be read. */
export interface NameHolder {
  readonly said: unknown;
}

/** Which holders count. The others, such as another user's process that took the name, keep nobody from holding it. */
export interface Rivals {
  /** Whether a process of this user may hold the name at all; null: it cannot be told whose it is. */
  readonly believes: (peer: Peer | null) => boolean;
  /** Whether what it says is about the same; left out: always. */
  readonly concerns?: (said: unknown) => boolean;
}

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
      const { rival, isTaken } = await find(path, names, null, rivals);
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
    const { rival } = await find(pathOf(wanted), names, own.path, wanted.rivals);
    const mayGiveUp = rival !== null && isClaiming(rival.said) && own.path < rival.path;
    if (!mayGiveUp || performance.now() - startedMs > claimingMs) return rival;
    await delay(againMs);
  }
}

/** Who holds each of the names now; null where one is free. */
export async function holdersOfNames(
  all: readonly Pick<WantedName, 'name' | 'rivals'>[],
): Promise<readonly (NameHolder | null)[]> {
  const names = await listeningNames(all.map(pathOf));
  const holders: (NameHolder | null)[] = [];
  for (const wanted of all) holders.push((await find(pathOf(wanted), names, null, wanted.rivals)).rival);
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

interface Found {
  /** The first that counts; null: none. */
  readonly rival: (NameHolder & { readonly path: string }) | null;
  /** Whether a process listens on the name itself. */
  readonly isTaken: boolean;
}

/** Asks all that listen on the name but `own`. `names`: those with an ending. */
async function find(
  path: string,
  names: ReadonlyMap<string, readonly string[]>,
  own: string | null,
  rivals: Rivals,
): Promise<Found> {
  let isTaken = false;
  let others = [path, ...(names.get(path) ?? [])].filter((each) => each !== own);
  for (let attempt = 1; ; attempt += 1) {
    const busy: string[] = [];
    for (const [index, other] of others.entries()) {
      if (index % asksPerTurn === 0) await turn();
      const answer = await ask(other, rivals);
      if (answer === 'refused') continue;
      isTaken ||= other === path;
      if (answer === 'busy') busy.push(other);
      else if (answer !== 'not believed' && (rivals.concerns?.(answer.said) ?? true)) {
        return { rival: { ...answer, path: other }, isTaken };
      }
    }
    // one that never accepts keeps nobody from starting
    if (busy.length === 0 || attempt === attempts) return { rival: null, isTaken };
    others = busy;
    await delay(againMs);
  }
}

async function ask(path: string, { believes }: Rivals): Promise<NameHolder | 'refused' | 'busy' | 'not believed'> {
  const connection = connectToPeer(path);
  if (connection.ok) {
    if (believes(connection.value.peer)) return { said: await answerOf(connection.value) };
    closeConnection(connection.value);
    return 'not believed';
  }
  if (connection.error !== 'unknown') return connection.error;
  return believes(null) ? { said: null } : 'not believed';
}

function answerOf({ fd }: PeerConnection): Promise<unknown> {
  return new Promise((resolve) => {
    const socket = new Socket({ fd, readable: true, writable: true });
    let text = '';
    const finish = (said: unknown) => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(said);
    };
    const deadline = setTimeout(() => finish(null), answerMs);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > maxAnswerBytes) finish(null);
    });
    socket.on('end', () => finish(parsed(text)));
    socket.on('error', () => finish(null));
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function isClaiming(said: unknown): boolean {
  return typeof said === 'object' && said !== null && 'claiming' in said && said.claiming === true;
}
