import type { ProcRoot } from '../kernel/proc-root.ts';
import { type SocketMessage, tcpState } from '../kernel/socket-messages.ts';
import { type Unavailable, unavailable } from '../kernel/unavailable.ts';
import { heldSockets } from './held-sockets.ts';
import type { ProcessTree } from './process-tree.ts';
import type { Target } from './target.ts';

/** A socket may begin to listen between our look at the tree and the dump: only two looks make it another's. */
const looksBeforeForeign = 2;

/**
 * Tells a process tree's sockets: those that it listens on, and connections to one of these. Its outgoing connections
 * are left out, because telling them would take a read of every descriptor of every process in each sample. For the
 * same reason descriptors are read only when a listening socket appears that was not there before, or the tree has
 * another root. The kernel dumps listening sockets first, so ownership is settled before the first connection comes.
 */
export class OwnSockets {
  readonly #files: ProcRoot;
  readonly #tree: ProcessTree;
  readonly #port: number | null;
  #rootPid: number | null = null;
  /** By inode, the listening sockets of the last dump: whose they are, or in how many looks we did not find an owner. */
  #verdicts: ReadonlyMap<number, 'own' | number> = new Map();
  #next = new Map<number, 'own' | number>();
  /** Addresses that the tree listens on, by port; null is any address. */
  #addresses = new Map<number, readonly (string | null)[]>();
  /** Inodes of the sockets that the tree holds; read at most once a dump. */
  #held: ReadonlySet<number> | null = null;
  /** Inodes of all sockets that listen on the port. */
  #onPort: ReadonlySet<number> = new Set();
  #nextOnPort = new Set<number>();

  constructor(files: ProcRoot, { tree, port }: Extract<Target, { kind: 'process' }>) {
    this.#files = files;
    this.#tree = tree;
    this.#port = port;
  }

  /** Before each dump. Returns why the tree's sockets cannot be told, or null. */
  begin(): Unavailable | null {
    // a process that is new on the port may be the application, and the one so far not
    const isSame = [...this.#nextOnPort].every((inode) => this.#onPort.has(inode));
    if (!isSame || this.#nextOnPort.size < this.#onPort.size) this.#tree.reconsider();
    this.#onPort = this.#nextOnPort;
    this.#nextOnPort = new Set();
    const pid = this.#tree.rootPid;
    this.#verdicts = this.#rootPid === pid ? this.#next : new Map();
    this.#next = new Map();
    this.#addresses = new Map();
    this.#held = null;
    if (this.#rootPid === pid) return null;
    const problem = this.#cannotTell(pid);
    this.#rootPid = problem === null ? pid : null;
    return problem;
  }

  /** For each socket of the dump, in the dump's order. */
  isOwn(socket: SocketMessage): boolean {
    const port = socket.localPort;
    if (socket.state !== tcpState.listen) return this.#reachesOwn(port, socket);
    const { inode } = socket;
    if (port === this.#port) this.#nextOnPort.add(inode);
    const verdict = this.#judge(inode);
    this.#next.set(inode, verdict);
    if (verdict !== 'own') return false;
    this.#addresses.set(port, [...(this.#addresses.get(port) ?? []), socket.localAddress]);
    return true;
  }

  #judge(inode: number): 'own' | number {
    const verdict = this.#verdicts.get(inode) ?? 0;
    if (verdict === 'own' || verdict >= looksBeforeForeign) return verdict;
    this.#held ??= heldSockets(this.#files, this.#tree.pids);
    return this.#held.has(inode) ? 'own' : verdict + 1;
  }

  #reachesOwn(port: number, socket: SocketMessage): boolean {
    const addresses = this.#addresses.get(port);
    return addresses?.some((address) => address === null || address === socket.localAddress) ?? false;
  }

  #cannotTell(pid: number | null): Unavailable | null {
    const theirs = this.#files.link(`/proc/${pid}/ns/net`);
    if (theirs !== null && theirs !== this.#files.link('/proc/self/ns/net')) {
      return unavailable('not-supported', 'the process is in another network namespace: run the agent inside it');
    }
    if (this.#files.names(`/proc/${pid}/fd`) !== null) return null;
    return unavailable('no-permission', `process ${pid} is another user's: run the agent as that user or as root`);
  }
}
