import { type Problem, ProblemError, quote } from '../shared/contract/problem.ts';
import { backendMissing } from '../shared/contract/problems/backend.ts';
import {
  haproxyIncomplete,
  haproxyProcesses,
  haproxyReply,
  socketHttp,
  socketLevel,
} from '../shared/contract/problems/haproxy-socket.ts';
import { err, ok, type Result } from '../shared/contract/result.ts';
import { nearest } from '../shared/nearest.ts';
import {
  checkName,
  type LimitChange,
  limitCommands,
  splitIntoLines,
  type WeightChange,
  weightCommands,
} from './commands.ts';
import { type ExchangeOptions, exchange } from './exchange.ts';
import { type AccessLevel, type HaproxyInfo, parseInfo, parseLevel } from './process-info.ts';
import { type Asked, recogniseRefusal, refusalProblem } from './refusal.ts';
import { errorText } from './reply.ts';
import { parseServersState, type ServerState } from './servers-state.ts';
import { parseSocketAddress } from './socket-address.ts';
import { parseStats, type StatRow } from './stat-csv.ts';

// What callers of the client need besides; the testbed imports no other file of haproxy/.
export { isValidName, type LimitChange, type WeightChange } from './commands.ts';
export { exchange } from './exchange.ts';
export type { AccessLevel, HaproxyInfo } from './process-info.ts';
export type { OperationalState, ServerState } from './servers-state.ts';
export type { StatRow } from './stat-csv.ts';

export interface RuntimeApiOptions {
  /** `/path`, `unix@/path`, `host:port`, `[v6]:port`; see `parseSocketAddress`. */
  readonly socket: string;
  /** Deadline of each exchange, in ms; default 1000. Waiting for an earlier call of the same client does not count. */
  readonly timeoutMs?: number;
}

/** What the controller's loop needs of HAProxy; the simulator's HAProxy offers the same. */
export type HaproxyControl = Pick<RuntimeApi, 'info' | 'servers' | 'stats' | 'setWeights' | 'setLimits'>;

/** About 150,000 servers. What sends more is not HAProxy. */
const maxReplyBytes = 64 * 1024 * 1024;

/** In `show stat`, the sum of 2 for backends and 4 for servers. Without it, HAProxy ignores the name of the backend. */
const backendsAndServers = 6;

/**
 * Client of HAProxy's Runtime API, versions 2.4 to 3.4. Each command gets its own connection, one at a time: HAProxy
 * serves ten at once (`stats maxconn`) and lets further ones hang. Replies are whole or a Problem, never a part.
 *
 * `set severity-output` is not used: it would add a line of its own before the data. Every reply here is known by its shape (a
 * header, or only empty lines), and the severity that the configuration of a socket may add is taken off.
 */
export class RuntimeApi {
  readonly #options: ExchangeOptions;
  /** Settles when the connection before is closed. */
  #previous: Promise<unknown> = Promise.resolve();

  /** Throws a ProblemError where `socket` is not an address. Does not connect. */
  constructor({ socket, timeoutMs = 1_000 }: RuntimeApiOptions) {
    const address = parseSocketAddress(socket, 'socket');
    if (!address.ok) throw new ProblemError(address.error);
    this.#options = { address: address.value, where: socket, timeoutMs, maxReplyBytes };
  }

  /** A HAProxy of several processes is a Problem: each has weights of its own, and any of them may answer. */
  async info(): Promise<Result<HaproxyInfo, Problem>> {
    const info = await this.#read('show info', parseInfo, this.#asked());
    const { processes = 1 } = info.ok ? info.value : {};
    return processes > 1 ? err(haproxyProcesses(this.#options.where, processes)) : info;
  }

  /** What this socket allows; changing weights needs `admin`. */
  level(): Promise<Result<AccessLevel, Problem>> {
    return this.#read('show cli level', parseLevel, this.#asked());
  }

  /** Servers of one backend, or of all. */
  async servers(backend?: string): Promise<Result<readonly ServerState[], Problem>> {
    const asked = this.#asked(backend);
    const name = backend === undefined ? ok('') : checkName('backend', backend);
    if (!name.ok) return name;
    const servers = await this.#read(`show servers state ${name.value}`.trimEnd(), parseServersState, asked);
    return servers.ok ? servers : err(await this.#explain(servers.error, asked));
  }

  /** Rows of one backend and its servers, or of all backends. */
  async stats(backend?: string): Promise<Result<readonly StatRow[], Problem>> {
    if (backend === undefined) return this.#allStats();
    const name = checkName('backend', backend);
    if (!name.ok) return name;
    const asked = this.#asked(backend);
    const some = await this.#read(`show stat ${backend} ${backendsAndServers} -1`, parseStats, asked);
    // Where a frontend has the same name, HAProxy finds that one and shows nothing.
    const found = some.ok && some.value.length === 0 ? await this.#allStats() : some;
    if (!found.ok) return err(await this.#explain(found.error, asked));
    const rows = found.value.filter((row) => row.backend === backend);
    return rows.length > 0
      ? ok(rows)
      : err(backendMissing(backend, this.#options.where, namesLike(backend, found.value)));
  }

  /**
   * Sets weights, as few lines as fit HAProxy's buffer. After a Problem some changes may have taken effect (HAProxy goes
   * on after an error): `servers` tells which. Throws a RangeError for a weight that is not an integer from 0 to 256.
   */
  async setWeights(backend: string, changes: readonly WeightChange[]): Promise<Result<void, Problem>> {
    return await this.#change(backend, changes, weightCommands(backend, changes));
  }

  /** Sets limits the same way. `stats` tells which took effect. Throws a RangeError for one that is not 0 to `maxLimit`. */
  async setLimits(backend: string, changes: readonly LimitChange[]): Promise<Result<void, Problem>> {
    return await this.#change(backend, changes, limitCommands(backend, changes));
  }

  async #change(
    backend: string,
    changes: readonly { readonly server: string }[],
    commands: Result<readonly string[], Problem>,
  ): Promise<Result<void, Problem>> {
    if (!commands.ok) return commands;
    const [only] = changes;
    const server = changes.length === 1 && only !== undefined ? `${backend}/${only.server}` : undefined;
    const asked: Asked = { ...this.#asked(backend), ...(server === undefined ? {} : { server }), writes: true };
    for (const line of splitIntoLines(commands.value)) {
      const reply = await this.#exchange(line.join(';'));
      if (!reply.ok) return reply;
      // Some error texts of 2.6 do not end in a line feed, so the replies of a batch run together. All their text is one error.
      const error = errorText(reply.value);
      if (error !== '') return err(await this.#explain(refusalProblem(error, asked), asked));
      // Success is an empty line for each command, whatever HAProxy remarks.
      if (reply.value.split('\n').length - 1 < line.length)
        return err(haproxyIncomplete(this.#options.where, 'fewer replies than commands'));
    }
    return ok(undefined);
  }

  #allStats(): Promise<Result<readonly StatRow[], Problem>> {
    return this.#read(`show stat -1 ${backendsAndServers} -1`, parseStats, this.#asked());
  }

  /** Asks for what explains a refusal: the backends that there are, or the level. */
  async #explain(problem: Problem, { backend, socket, writes }: Asked): Promise<Problem> {
    if (problem.code === 'backend-missing' && backend !== undefined) {
      const all = await this.#allStats();
      return all.ok ? backendMissing(backend, socket, namesLike(backend, all.value)) : problem;
    }
    if (problem.code !== 'socket-level') return problem;
    const level = await this.level();
    return level.ok ? socketLevel(socket, writes ? 'write' : 'read', level.value) : problem;
  }

  #asked(backend?: string): Asked {
    const asked = { socket: this.#options.where, writes: false };
    return backend === undefined ? asked : { ...asked, backend };
  }

  async #read<Value>(
    command: string,
    parse: (reply: string) => Result<Value, string>,
    asked: Asked,
  ): Promise<Result<Value, Problem>> {
    const reply = await this.#exchange(command);
    if (!reply.ok) return reply;
    const parsed = parse(reply.value);
    if (parsed.ok) return parsed;
    return err(
      recogniseRefusal(firstLine(reply.value), asked) ?? replyProblem(command, parsed.error, reply.value, asked),
    );
  }

  #exchange(line: string): Promise<Result<string, Problem>> {
    const start = () => exchange(line, this.#options);
    const exchanged = this.#previous.then(start, start);
    this.#previous = exchanged;
    return exchanged;
  }
}

/** The backends that there are; first the one that was probably meant, as a missing one is mostly misspelt. */
function namesLike(wanted: string, rows: readonly StatRow[]): readonly string[] {
  const names = rows.filter(({ kind }) => kind === 'backend').map(({ backend }) => backend);
  const meant = nearest(wanted, names);
  return meant === null ? names : [meant, ...names.filter((name) => name !== meant)];
}

/** Refusals are one line, and come first; further down the same words could be data. */
function firstLine(reply: string): string {
  return reply.split('\n', 1)[0] ?? '';
}

function replyProblem(command: string, fault: string, reply: string, { socket }: Asked): Problem {
  if (/^HTTP\/\d/.test(reply)) return socketHttp(socket, reply);
  return haproxyReply(socket, `HAProxy's reply to "${command}" is invalid: ${fault}`, { got: quote(reply) });
}
