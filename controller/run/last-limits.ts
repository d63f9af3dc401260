import { z } from 'zod';
import { type LeftLimits, LimitLedger } from '../act/limit-ledger.ts';
import { type LeftIn, lastRecord, leaveRecord } from './left-record.ts';

const limit = z.number().int().positive().nullable();
/** Server, the limits that HAProxy may have from us, and the one to give back, which HAProxy itself no longer knows. */
const row = z.tuple([z.string(), z.array(limit), limit]);

/** The ledger of one backend's limits, which goes on from what a controller before has left, and leaves its own. */
export function limitLedgerOf(what: LeftIn, environment: NodeJS.ProcessEnv = process.env): LimitLedger {
  return new LimitLedger(lastLimits(what, environment) ?? new Map(), (left) => leaveLimits(what, left, environment));
}

function leaveLimits(what: LeftIn, left: LeftLimits, environment: NodeJS.ProcessEnv): void {
  const servers = [...left].map(([server, { limits, giveBack }]) => [server, limits, giveBack]);
  leaveRecord('limits', what, servers, environment);
}

/** What the controller that ran last has left in HAProxy; null: nobody knows. */
export function lastLimits(what: LeftIn, environment: NodeJS.ProcessEnv = process.env): LeftLimits | null {
  const servers = lastRecord('limits', row, what, environment);
  return servers === null ? null : new Map(servers.map(([server, limits, giveBack]) => [server, { limits, giveBack }]));
}
