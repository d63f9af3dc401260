import { Socket } from 'node:net';
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises';
import { closeConnection, connectToPeer, type Peer, type PeerConnection } from './peer.ts';

/** How long a holder may take to say who it is, in ms, and how much it may say. */
const answerMs = 1_000;
const maxAnswerBytes = 1_000;
/** How often one that does not accept or answer is tried, and how far apart in ms. */
export const attempts = 5;
export const againMs = 50;
/** Names that are asked before other work of this process has its turn. */
const asksPerTurn = 100;

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

export interface Found {
  /** The first that counts; null: none. */
  readonly rival: (NameHolder & { readonly path: string }) | null;
  /** Whether a process listens on the name itself. */
  readonly isTaken: boolean;
}

/** Asks all that listen on the name but `own` who they are, and finds the first that counts. `names`: those with an ending. */
export async function findRival(
  path: string,
  names: ReadonlyMap<string, readonly string[]>,
  own: string | null,
  rivals: Rivals,
): Promise<Found> {
  let isTaken = false;
  let others = [path, ...(names.get(path) ?? [])].filter((each) => each !== own);
  for (let attempt = 1; ; attempt += 1) {
    const again: string[] = [];
    let silent: string | null = null;
    for (const [index, other] of others.entries()) {
      if (index % asksPerTurn === 0) await turn();
      const answer = await ask(other, rivals);
      if (other === path) isTaken = answer !== 'refused';
      if (answer === 'refused') continue;
      if (answer === 'silent') silent ??= other;
      if (answer === 'silent' || answer === 'busy') again.push(other);
      else if (answer !== 'not believed' && (rivals.concerns?.(answer.said) ?? true)) {
        return { rival: { ...answer, path: other }, isTaken };
      }
    }
    if (again.length === 0 || attempt === attempts) {
      // one that never accepts keeps nobody from starting
      return { rival: silent === null ? null : { said: null, path: silent }, isTaken };
    }
    others = again;
    await delay(againMs);
  }
}

/** `silent`: it ended the connection without a word, as one does that just gave the name back. */
type Answer = NameHolder | 'refused' | 'busy' | 'silent' | 'not believed';

async function ask(path: string, { believes }: Rivals): Promise<Answer> {
  const connection = connectToPeer(path);
  if (connection.ok) {
    if (believes(connection.value.peer)) return await answerOf(connection.value);
    closeConnection(connection.value);
    return 'not believed';
  }
  if (connection.error !== 'unknown') return connection.error;
  return believes(null) ? { said: null } : 'not believed';
}

function answerOf({ fd }: PeerConnection): Promise<NameHolder | 'silent'> {
  return new Promise((resolve) => {
    const socket = new Socket({ fd, readable: true, writable: true });
    let text = '';
    const finish = (answer: NameHolder | 'silent') => {
      clearTimeout(deadline);
      socket.destroy();
      resolve(answer);
    };
    const deadline = setTimeout(() => finish({ said: null }), answerMs);
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      if (text.length > maxAnswerBytes) finish({ said: null });
    });
    const end = () => finish(text === '' ? 'silent' : { said: parsed(text) });
    socket.on('end', end).on('error', end);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Whether it may still give the name back: it says so, or the machine was too slow for an answer. */
export function mayGiveUp(said: unknown): boolean {
  return said === null || isClaiming(said);
}

function isClaiming(said: unknown): boolean {
  return typeof said === 'object' && said !== null && 'claiming' in said && said.claiming === true;
}
