import type { Random } from '../../../shared/math/random.ts';
import type { Agenda } from '../agenda.ts';
import type { SimulatedAgent } from '../agent.ts';
import type { Dispatch, Target } from '../dispatch/dispatch.ts';
import type { Server } from '../server.ts';

/**
 * What a rival may know and HAProxy cannot: a server's requests in flight of all clients, and what its application measures of
 * itself. Arrays are in the order of the fleet.
 */
export interface RivalSurroundings {
  readonly servers: readonly Pick<Server, 'inService' | 'waiting'>[];
  readonly agents: readonly Pick<SimulatedAgent, 'load'>[];
  readonly agenda: Agenda;
}

/** Makes the balancer of one client, in place of one HAProxy's `balance`. What clients share is outside it. */
export type RivalSystem = (targets: readonly Target[], random: Random) => Dispatch;
