import type { Problem } from '../../../shared/contract/problem.ts';
import { formatProblem } from '../../../shared/contract/problem.ts';
import { agentStale } from '../../../shared/contract/problems/agent.ts';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { seconds } from '../../../shared/terminal/format.ts';
import type { AgentAccess, AskedAgent, BackendFacts, Shown } from '../facts.ts';
import { type Finding, failure, fine, warning, warningOf } from '../finding.ts';

/** A larger difference of wall clocks makes logs hard to compare, in ms. Decisions do not depend on it. */
const maxClockOffsetMs = 2_000;

/** Whether every agent that was asked answers with a fresh sample. */
export function checkAgents(facts: BackendFacts): Finding[] {
  const exclusions = new Map(facts.view.servers.map(({ server, exclusion }) => [server, exclusion]));
  return facts.agents.flatMap((asked) => {
    const found = asked.answer.ok
      ? judgeSnapshot(asked, asked.answer.value, facts)
      : [judgeFailure(asked.server, asked.answer.error, facts)];
    // out of rotation it has no say
    return exclusions.get(asked.server) === null ? found : found.map(softened);
  });
}

function softened(finding: Finding): Finding {
  return finding.level === 'failure' ? { ...finding, level: 'warning' } : finding;
}

function judgeSnapshot(
  { server, url, tookMs }: AskedAgent,
  { ageMs, takenAtMs, effectiveCores }: Snapshot,
  { staleAfterMs, wallMs }: Pick<BackendFacts, 'staleAfterMs' | 'wallMs'>,
): Finding[] {
  const check = `agent of ${server}`;
  const answered = `answered in ${Math.round(tookMs)} ms; sample ${seconds(ageMs)} old, ${effectiveCores} cores`;
  const age =
    ageMs > staleAfterMs
      ? failure(check, agentStale(url, { ageMs, staleAfterMs, repeatedAsMs: null }))
      : fine(check, answered);
  const offsetMs = takenAtMs + ageMs - wallMs;
  if (Math.abs(offsetMs) <= maxClockOffsetMs) return [age];
  const detail = `its clock is ${seconds(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead' : 'behind'}; only logs use it, not decisions`;
  return [age, warning(check, detail)];
}

/** A controller that reads the agent is what counts: the doctor may lack its token, its certificates or its place in the network. */
function judgeFailure(server: string, problem: Problem, { shown, access }: Pick<BackendFacts, 'shown' | 'access'>) {
  const check = `agent of ${server}`;
  const ageMs = readByController(server, shown);
  if (ageMs === null) return failure(check, problem);
  const read = `read by the controller ${seconds(ageMs)} ago`;
  const missing = missingAccess(problem, access);
  if (missing !== null) return fine(check, `${read}; not read from here (${missing})`);
  if (problem.code !== 'agent-unreachable' && problem.code !== 'agent-timeout') return failure(check, problem);
  return { ...warningOf(check, problem), detail: `${read}, but not from here: ${formatProblem(problem)}` };
}

/** How long ago a running controller read this agent, in ms; null: none does. */
function readByController(server: string, shown: Shown | null): number | null {
  const agent = shown?.status.servers.find((each) => each.server === server)?.agent;
  return agent?.state === 'fresh' && agent.code === null ? (shown?.tickAgeMs ?? null) : null;
}

function missingAccess({ code }: Problem, { token, tls }: AgentAccess): string | null {
  if (code === 'agent-unauthorised' && !token) return 'no token given: --agent-token-file FILE';
  return code === 'agent-certificate' && !tls ? 'no certificates given: --agent-ca-file FILE' : null;
}
