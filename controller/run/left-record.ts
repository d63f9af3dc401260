import { z } from 'zod';
import { leaveOwnFile, ownFile, readOwnFile } from './own-folder.ts';

/*
 * What a controller has left in HAProxy, one file for each backend in its own folder, written before it is sent. After the
 * controller was killed, `haweight restore --after-exit` and the next controller tell from it what is not an operator's.
 */

export interface LeftIn {
  readonly socket: string;
  readonly backend: string;
}

/** Where a record is kept; null: there is no place for it. */
function fileOf(kind: string, { backend }: LeftIn, environment: NodeJS.ProcessEnv): string | null {
  return ownFile(`last-${kind}-${encodeURIComponent(backend)}.json`, environment);
}

/** Whether there is a place for records at all. */
export function canLeaveRecords(environment: NodeJS.ProcessEnv = process.env): boolean {
  return ownFile('last-settings.json', environment) !== null;
}

/** Leaves one row for each server. */
export function leaveRecord(
  kind: string,
  what: LeftIn,
  servers: readonly unknown[],
  environment: NodeJS.ProcessEnv,
): void {
  const file = fileOf(kind, what, environment);
  if (file !== null) leaveOwnFile(file, { socket: what.socket, servers });
}

/** The rows that the controller that ran last has left for this socket; null: nobody knows. */
export function lastRecord<Row extends z.ZodType>(
  kind: string,
  row: Row,
  what: LeftIn,
  environment: NodeJS.ProcessEnv,
): readonly z.output<Row>[] | null {
  const file = fileOf(kind, what, environment);
  const text = file === null ? null : readOwnFile(file);
  const schema = z.strictObject({ socket: z.string(), servers: z.array(row) });
  const left = schema.safeParse(text === null ? null : parsed(text));
  return left.success && left.data.socket === what.socket ? left.data.servers : null;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
