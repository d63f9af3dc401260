import {
  type AgentClient,
  agentUrl,
  type BackendConfig,
  type BackendView,
  type Config,
  type ServerView,
} from '../../controller/index.ts';
import { isNeverOurs } from '../../shared/contract/observation.ts';
import { agentStale } from '../../shared/contract/problems/agent.ts';
import { metricNames, type Snapshot } from '../../shared/contract/snapshot.ts';
import { seconds } from '../../shared/terminal/format.ts';
import { type Finding, failure, fine, warning } from './finding.ts';

/** A larger difference of wall clocks makes logs hard to compare, in ms. Decisions do not depend on it. */
const maxClockOffsetMs = 2_000;

/** Asks the agent of every server that is or may come into rotation. */
export async function checkAgents(
  client: AgentClient,
  view: BackendView,
  config: Config,
  backend: BackendConfig,
): Promise<Finding[]> {
  const asked = view.servers.filter(({ exclusion }) => !isNeverOurs(exclusion));
  const answers = await Promise.all(asked.map((server) => checkAgent(client, server, config, backend)));
  return answers.flat();
}

async function checkAgent(
  client: AgentClient,
  { server, address }: ServerView,
  config: Config,
  backend: BackendConfig,
): Promise<Finding[]> {
  const check = `agent of ${server}`;
  const url = agentUrl({ name: server, address }, config.agents.url, backend.agents);
  if (!url.ok) return [failure(check, url.error)];
  const startedMs = performance.now();
  const answer = await client.fetch(url.value, server);
  const tookMs = performance.now() - startedMs;
  if (!answer.ok) return [failure(check, answer.error)];
  return judge(check, url.value, answer.value, config.agents.staleAfterMs, tookMs, Date.now());
}

/** Findings about the agent that sent this snapshot. Pure. */
export function judge(
  check: string,
  url: string,
  snapshot: Snapshot,
  staleAfterMs: number,
  tookMs: number,
  wallMs: number,
): Finding[] {
  const findings: Finding[] = [];
  if (snapshot.ageMs > staleAfterMs) {
    findings.push(failure(check, agentStale(url, { ageMs: snapshot.ageMs, staleAfterMs, repeatedAsMs: null })));
  } else
    findings.push(
      fine(
        check,
        `answered in ${Math.round(tookMs)} ms; sample ${seconds(snapshot.ageMs)} old, ${snapshot.effectiveCores} cores`,
      ),
    );
  const unknown = metricNames.flatMap((name) => {
    const metric = snapshot.metrics[name];
    return metric.status === 'ok' ? [] : [`${name} (${metric.detail})`];
  });
  if (unknown.length > 0) findings.push(warning(check, `unknown: ${unknown.join('; ')}`));
  const offsetMs = snapshot.takenAtMs + snapshot.ageMs - wallMs;
  if (Math.abs(offsetMs) > maxClockOffsetMs) {
    const detail = `its clock is ${seconds(Math.abs(offsetMs))} ${offsetMs > 0 ? 'ahead' : 'behind'}; only logs use it, not decisions`;
    findings.push(warning(check, detail));
  }
  return findings;
}
