import { z } from 'zod';
import { weightSchema } from '../../shared/contract/observation.ts';
import { Ledger, type LeftWeights } from '../act/ledger.ts';
import { leaveOwnFile, ownFile, readOwnFile } from './own-folder.ts';

/*
 * The weights that a controller has left in HAProxy, one file for each backend in its own folder, written before they are sent.
 * After it was killed, `haweight restore --after-exit` and the next controller tell from it which weights are not an operator's.
 */

const schema = z.strictObject({
  socket: z.string(),
  /** Server, the weights that HAProxy may have from us, and the one to give back. */
  servers: z.array(z.tuple([z.string(), z.array(weightSchema), weightSchema])),
});

export interface LeftIn {
  readonly socket: string;
  readonly backend: string;
}

/** The ledger of one backend, which goes on from what a controller before has left, and leaves its own. */
export function ledgerOf(what: LeftIn, environment: NodeJS.ProcessEnv = process.env): Ledger {
  const before = lastWeights(what, environment) ?? new Map();
  leaveWeights(what, before, environment);
  return new Ledger(before, (left) => leaveWeights(what, left, environment));
}

function leaveWeights({ socket, backend }: LeftIn, left: LeftWeights, environment: NodeJS.ProcessEnv): void {
  const file = ownFile(nameOf(backend), environment);
  if (file === null) return;
  const servers = [...left].map(([server, { weights, giveBack }]) => [server, weights, giveBack]);
  leaveOwnFile(file, { socket, servers });
}

/** What the controller that ran last has left in HAProxy; null: nobody knows. */
export function lastWeights(
  { socket, backend }: LeftIn,
  environment: NodeJS.ProcessEnv = process.env,
): LeftWeights | null {
  const file = ownFile(nameOf(backend), environment);
  const text = file === null ? null : readOwnFile(file);
  const left = schema.safeParse(text === null ? null : parsed(text));
  if (!left.success || left.data.socket !== socket) return null;
  return new Map(left.data.servers.map(([server, weights, giveBack]) => [server, { weights, giveBack }]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function nameOf(backend: string): string {
  return `last-weights-${encodeURIComponent(backend)}.json`;
}
