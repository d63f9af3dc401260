import { fastStateOf } from '../../../controller/decide/fast/fast-state.ts';
import { type FastLaneState, firstLook, look } from '../../../controller/decide/fast/lane.ts';
import type { LookRow, Totals } from '../../../controller/decide/fast/look-row.ts';
import type { LaneSettings } from '../../../controller/decide/fast/settings.ts';
import type { Orders } from '../../../controller/decide/orders.ts';
import { isAnotherServer, lastPlace, type Place } from '../../../shared/contract/identity.ts';
import { type Observation, undisturbed } from '../../../shared/contract/observation.ts';

const nothing: Totals = { ok: 0, errors: 0, clientErrors: 0, retries: 0, redispatches: 0, started: 0 };

/** One look a tick, at what the observations say that HAProxy counted. */
export class Looks {
  orders: Orders = new Map();
  #state: FastLaneState = firstLook;
  #totals: ReadonlyMap<string, Totals> = new Map();
  #places: ReadonlyMap<string, Place> = new Map();

  /** The observations with what the looks have decided. */
  see(
    observations: readonly Observation[],
    asked: { readonly algorithm: string | null; readonly elapsedMs: number; readonly settings: LaneSettings },
  ): readonly Observation[] {
    const { algorithm, elapsedMs, settings } = asked;
    this.#forget(observations);
    const rows = observations.map((observation) => this.#rowOf(observation));
    this.#totals = new Map(rows.map((row) => [row.server, row]));
    const isLeastconn = algorithm === 'leastconn';
    const backend = { waiting: 0, gaveUp: 0 };
    this.#state = look(this.#state, { backend, rows, elapsedMs, orders: this.orders, isLeastconn, settings }).state;
    return observations.map((observation) => {
      const memory = this.#state.servers.get(observation.server);
      return { ...observation, fast: memory === undefined ? undisturbed : fastStateOf(memory) };
    });
  }

  /** Another server under the same name. */
  #forget(observations: readonly Observation[]): void {
    const replaced = observations.filter((now) => {
      const before = this.#places.get(now.server);
      return before !== undefined && isAnotherServer(before, now);
    });
    this.#places = new Map(observations.map((now) => [now.server, lastPlace(this.#places.get(now.server), now)]));
    const servers = new Map(this.#state.servers);
    const orders = new Map(this.orders);
    for (const { server } of replaced) {
      servers.delete(server);
      orders.delete(server);
    }
    this.#state = { ...this.#state, servers };
    this.orders = orders;
  }

  #rowOf({ server, exclusion, currentWeight: weight, inFlight, traffic }: Observation): LookRow {
    const status = exclusion === 'down' ? 'down' : exclusion === 'maintenance' || exclusion === 'drain' ? 'away' : 'up';
    const before = traffic === null ? nothing : (this.#totals.get(server) ?? nothing);
    const { ok = 0, errors = 0, clientErrors = 0 } = traffic ?? {};
    return {
      ...{ server, status, isBackup: exclusion === 'backup', weight, inFlight, queued: 0, limit: null },
      ok: before.ok + ok,
      errors: before.errors + errors,
      clientErrors: before.clientErrors + clientErrors,
      retries: before.retries,
      redispatches: before.redispatches,
      started: before.started + ok + errors,
    };
  }
}
