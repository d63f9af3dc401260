import type { HaproxyControl } from '../../haproxy/runtime-api.ts';
import type { Decision } from '../../shared/contract/decision.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { ok, type Result } from '../../shared/contract/result.ts';
import type { LimitReading } from '../../shared/contract/server-limit.ts';
import type { Log } from '../../shared/process/log.ts';
import { type LeftLimits, LimitLedger, type WithLimit } from './limit-ledger.ts';

/** Changes one backend's limits while the loop runs; nothing else does. */
export class LimitWriter {
  readonly #api: Pick<HaproxyControl, 'setLimits' | 'stats'>;
  readonly #backend: string;
  readonly #logger: Log;
  readonly #ledger: LimitLedger;

  constructor(
    api: Pick<HaproxyControl, 'setLimits' | 'stats'>,
    backend: string,
    logger: Log,
    ledger = new LimitLedger(),
  ) {
    this.#api = api;
    this.#backend = backend;
    this.#logger = logger;
    this.#ledger = ledger;
  }

  /** HAProxy is another process now, with the limits of its configuration. */
  forget(): void {
    this.#ledger.otherProcess();
  }

  /** One tick's reading. */
  see(servers: readonly WithLimit[]): void {
    const foreign = this.#ledger.see(servers);
    if (foreign.length === 0) return;
    this.#logger.warn('limits changed by another writer', { backend: this.#backend, servers: foreign });
  }

  readingOf(server: string): Pick<LimitReading, 'configured' | 'otherWriter'> {
    return { configured: this.#ledger.configuredOf(server), otherWriter: this.#ledger.isForeign(server) };
  }

  /**
   * Sends the limits that are to be written, and again that of a server that has just left weight 0 (`woken`): HAProxy gives it no
   * request that waits until its limit is set or one of its own requests ends (2.6 to 3.4). Returns how many.
   */
  async write(decisions: readonly Decision[], woken: ReadonlySet<string>): Promise<Result<number, Problem>> {
    const changes = decisions.flatMap(({ server, limit }) => {
      if (limit === undefined) return [];
      const isNeeded = limit.write || (woken.has(server) && this.#ledger.left.has(server));
      return isNeeded ? [{ server, limit: limit.limit }] : [];
    });
    return await this.send(changes);
  }

  /** The limits that servers have from us, of those that have just left weight 0. */
  ofWoken(rows: readonly WithLimit[], woken: ReadonlySet<string>): readonly WithLimit[] {
    return rows.filter(({ server, limit }) => woken.has(server) && this.#ledger.isLeft(server, limit));
  }

  async send(changes: readonly WithLimit[]): Promise<Result<number, Problem>> {
    if (changes.length === 0) return ok(0);
    this.#ledger.sending(changes);
    return await sendLimits(this.#api, this.#backend, changes);
  }

  /** Puts the configured limits back where ours are in force. Returns how many. */
  async restore(): Promise<Result<number, Problem>> {
    const restored = await restoreLimits(this.#api, this.#backend, this.#ledger.left);
    if (restored.ok) this.#ledger.clear();
    return restored.ok ? ok(restored.value.length) : restored;
  }
}

async function sendLimits(
  api: Pick<HaproxyControl, 'setLimits'>,
  backend: string,
  changes: readonly WithLimit[],
): Promise<Result<number, Problem>> {
  const sent = await api.setLimits(
    backend,
    changes.map(({ server, limit }) => ({ server, limit: limit ?? 0 })),
  );
  return sent.ok ? ok(changes.length) : sent;
}

/** Puts the configured limits back where those of `left` are in force. Returns them. */
export async function restoreLimits(
  api: Pick<HaproxyControl, 'setLimits' | 'stats'>,
  backend: string,
  left: LeftLimits,
): Promise<Result<readonly WithLimit[], Problem>> {
  if (left.size === 0) return ok([]);
  const rows = await api.stats(backend);
  if (!rows.ok) return rows;
  const changes = rows.value.flatMap(({ kind, name: server, limit }): WithLimit[] => {
    const own = kind === 'server' ? left.get(server) : undefined;
    const isOurs = own?.limits.includes(limit) === true && limit !== own.giveBack;
    return own !== undefined && isOurs ? [{ server, limit: own.giveBack }] : [];
  });
  const sent = changes.length === 0 ? ok(0) : await sendLimits(api, backend, changes);
  return sent.ok ? ok(changes) : sent;
}
