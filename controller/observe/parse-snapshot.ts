import { type Problem, quote, quoteValue } from '../../shared/contract/problem.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import { type Snapshot, snapshotSchema, snapshotVersion } from '../../shared/contract/snapshot.ts';

export interface AgentAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** From what an agent answered to a snapshot that can be used; every way to be wrong is its own problem. Pure. */
export function parseSnapshot(answer: AgentAnswer, url: string, server: string): Result<Snapshot, Problem> {
  const problem = (rest: Omit<Problem, 'where'>) => err({ where: url, ...rest });
  if (answer.status === 401 || answer.status === 403) {
    return problem({
      code: 'agent-unauthorised',
      what: 'the agent refused the bearer token, or wants one',
      got: `HTTP ${answer.status}`,
      fix: "Give the controller the agents' token: --agent-token-file FILE or HAWEIGHT_AGENT_TOKEN.",
    });
  }
  if (answer.status !== 200) {
    const got = `HTTP ${answer.status} ${quote(answer.body, 80)}`;
    return problem({ code: 'agent-status', what: 'the agent answered with an error', expected: 'HTTP 200', got });
  }
  const parsed = parseJson(answer.body);
  if (!parsed.ok) {
    const got = `${quote(answer.contentType || 'no content type', 60)} ${quote(answer.body, 60)}`;
    return problem({
      code: 'agent-not-json',
      what: 'the answer is not JSON',
      expected: 'a snapshot',
      got,
      fix: "Is it haweight's agent that listens there?",
    });
  }
  const version = (parsed.value as { version?: unknown } | null)?.version;
  if (version !== snapshotVersion) {
    return problem({
      code: 'agent-schema-version',
      what: 'another version of the snapshot schema',
      expected: `version ${snapshotVersion}`,
      got: quote(quoteValue(version), 20),
      fix: 'Install the same haweight on controller and servers.',
    });
  }
  const snapshot = snapshotSchema.safeParse(parsed.value);
  if (!snapshot.success) {
    const [issue] = snapshot.error.issues;
    const got = `${issue?.path.join('.')}: ${issue?.message}`;
    return problem({ code: 'agent-invalid', what: 'the snapshot holds a value that cannot be', got: quote(got) });
  }
  if (snapshot.data.server !== undefined && snapshot.data.server !== server) {
    return problem({
      code: 'agent-wrong-server',
      what: "the agent is another server's",
      expected: quote(server),
      got: quote(snapshot.data.server, 60),
      fix: "Check the agent's --name and the address that is asked.",
    });
  }
  return ok(snapshot.data);
}

function parseJson(body: string): Result<unknown, null> {
  try {
    return ok(JSON.parse(body));
  } catch {
    return err(null);
  }
}
