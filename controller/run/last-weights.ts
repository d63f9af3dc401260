import { z } from 'zod';
import { weightSchema } from '../../shared/contract/observation.ts';
import { Ledger, type LeftWeights } from '../act/ledger.ts';
import { type LeftIn, lastRecord, leaveRecord } from './left-record.ts';

/** Server, the weights that HAProxy may have from us, and the one to give back. */
const row = z.tuple([z.string(), z.array(weightSchema), weightSchema]);

/** The ledger of one backend, which goes on from what a controller before has left, and leaves its own. */
export function ledgerOf(what: LeftIn, environment: NodeJS.ProcessEnv = process.env): Ledger {
  const before = lastWeights(what, environment) ?? new Map();
  leaveWeights(what, before, environment);
  return new Ledger(before, (left) => leaveWeights(what, left, environment));
}

function leaveWeights(what: LeftIn, left: LeftWeights, environment: NodeJS.ProcessEnv): void {
  const servers = [...left].map(([server, { weights, giveBack }]) => [server, weights, giveBack]);
  leaveRecord('weights', what, servers, environment);
}

/** What the controller that ran last has left in HAProxy; null: nobody knows. */
export function lastWeights(what: LeftIn, environment: NodeJS.ProcessEnv = process.env): LeftWeights | null {
  const servers = lastRecord('weights', row, what, environment);
  return servers === null
    ? null
    : new Map(servers.map(([server, weights, giveBack]) => [server, { weights, giveBack }]));
}
