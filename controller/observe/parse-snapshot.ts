import { type Problem, quoteValue } from '../../shared/contract/problem.ts';
import {
  agentInvalid,
  agentNotJson,
  agentSchemaVersion,
  agentStatus,
  agentUnauthorised,
  agentWrongServer,
} from '../../shared/contract/problems/agent.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import {
  oldestSnapshotVersion,
  type Snapshot,
  snapshotSchema,
  snapshotVersion,
} from '../../shared/contract/snapshot.ts';
import { knownPart, type NewerSnapshot } from './newer-snapshot.ts';

export interface AgentAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** From what an agent answered to a snapshot that can be used; every way to be wrong is its own problem. Pure. */
export function parseSnapshot(answer: AgentAnswer, url: string, server: string): Result<Snapshot, Problem> {
  const read = readSnapshot(answer, url);
  return read.ok ? ownSnapshot(read.value, url, server) : read;
}

/** The same for no server in particular. Pure. */
export function readSnapshot({ status, contentType, body }: AgentAnswer, url: string): Result<Snapshot, Problem> {
  if (status === 401 || status === 403) return err(agentUnauthorised(url, status));
  if (status !== 200) return err(agentStatus(url, status, body));
  const parsed = parseJson(body);
  if (!parsed.ok) return err(agentNotJson(url, contentType, body));
  const version = (parsed.value as { version?: unknown } | null)?.version;
  if (typeof version !== 'number' || version < oldestSnapshotVersion)
    return err(agentSchemaVersion(url, oldestSnapshotVersion, quoteValue(version, 20)));
  const known = version > snapshotVersion ? knownPart(parsed.value as NewerSnapshot) : parsed.value;
  const snapshot = snapshotSchema.safeParse(known);
  if (snapshot.success) return ok(snapshot.data);
  const [issue] = snapshot.error.issues;
  return err(agentInvalid(url, `${issue?.path.join('.')}: ${issue?.message}`));
}

/** The snapshot, unless the agent says that it is another server's. Pure. */
export function ownSnapshot(snapshot: Snapshot, url: string, server: string): Result<Snapshot, Problem> {
  const own = snapshot.server;
  return own === undefined || own === server ? ok(snapshot) : err(agentWrongServer(url, server, own));
}

function parseJson(body: string): Result<unknown, null> {
  try {
    return ok(JSON.parse(body));
  } catch {
    return err(null);
  }
}
