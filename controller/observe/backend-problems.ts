import type { Observation } from '../../shared/contract/observation.ts';
import { type Problem, quote } from '../../shared/contract/problem.ts';

/** A backend whose algorithm refuses weights at run time. */
export function staticProblem(backend: string, algorithm: string | null): Problem {
  return {
    code: 'backend-static',
    where: `backend ${backend}`,
    what: 'its algorithm does not take weights at run time',
    expected: 'balance roundrobin, leastconn or random',
    got: quote(algorithm ?? 'unknown'),
    fix: 'Change `balance` (or use `hash-type consistent`) and reload HAProxy.',
  };
}

/** `balance first` takes weights and ignores them. */
export function ignoredWeightsProblem(backend: string, algorithm: string | null): Problem {
  return { ...staticProblem(backend, algorithm), what: 'its algorithm ignores weights' };
}

/** Two writers on one weight: agent-check overwrites ours at every agent-inter. */
export function agentCheckProblem(backend: string, server: string): Problem {
  return {
    code: 'server-agent-check',
    where: `${backend}/${server}`,
    what: 'agent-check writes the same weight, so haweight leaves this server alone',
    expected: 'one writer of a weight',
    got: '`agent-check` on its server line',
    fix: `Remove agent-check from the server line and reload, or: echo "disable agent ${backend}/${server}" to the socket.`,
  };
}

/** Somebody else writes weights of this backend again and again. */
export function contestedProblem(backend: string, servers: readonly string[]): Problem {
  const [first = '', ...more] = servers;
  return {
    code: 'weight-contested',
    where: `${backend}/${first}${more.length === 0 ? '' : ` and ${more.length} more`}`,
    what: 'somebody else writes this weight too, so it is mostly left to them',
    expected: 'one writer of a weight',
    fix: 'Stop the other one (a script, another controller, an operator), or take its servers out of this backend.',
  };
}

/** A policy, or whatever else is ours, has thrown. */
export function defectProblem(backend: string, error: unknown): Problem {
  return {
    code: 'tick-failed',
    where: `backend ${backend}`,
    what: 'a defect of haweight kept it from this tick, so its weights stay as they are',
    got: quote(error instanceof Error ? error.message : String(error)),
    fix: 'Report it with the line `tick failed` of the log; the next tick tries again.',
  };
}

/** More than half of the agents are silent: nothing is written until they answer. null: enough of them answer. */
export function silentAgentsProblem(backend: string, observations: readonly Observation[]): Problem | null {
  const agents = observations.filter(({ exclusion }) => exclusion === null).map(({ agent }) => agent);
  const silent = agents.filter(({ state }) => state === 'stale').length;
  if (silent * 2 <= agents.length) return null;
  return {
    code: 'agent-stale',
    where: `backend ${backend}`,
    what: 'waiting for agents; no weight is written until at least half of them answer',
    expected: `${Math.ceil(agents.length / 2)} of ${agents.length} with a fresh snapshot`,
    got: `${agents.length - silent}`,
    fix: 'Start haweight agent on each server; `haweight doctor` asks each one.',
  };
}
