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

export interface AgentAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** From what an agent answered to a snapshot that can be used; every way to be wrong is its own problem. Pure. */
export function parseSnapshot(answer: AgentAnswer, url: string, server: string): Result<Snapshot, Problem> {
  const { status, contentType, body } = answer;
  if (status === 401 || status === 403) return err(agentUnauthorised(url, status));
  if (status !== 200) return err(agentStatus(url, status, body));
  const parsed = parseJson(body);
  if (!parsed.ok) return err(agentNotJson(url, contentType, body));
  const version = (parsed.value as { version?: unknown } | null)?.version;
  if (typeof version !== 'number' || version < oldestSnapshotVersion)
    return err(agentSchemaVersion(url, snapshotVersion, quoteValue(version)));
  const snapshot = snapshotSchema.safeParse(parsed.value);
  if (!snapshot.success) {
    const [issue] = snapshot.error.issues;
    return err(agentInvalid(url, `${issue?.path.join('.')}: ${issue?.message}`));
  }
  const own = snapshot.data.server;
  return own === undefined || own === server ? ok(snapshot.data) : err(agentWrongServer(url, server, own));
}

function parseJson(body: string): Result<unknown, null> {
  try {
    return ok(JSON.parse(body));
  } catch {
    return err(null);
  }
}
