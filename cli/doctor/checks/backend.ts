import type { BackendFacts } from '../facts.ts';
import type { Finding } from '../finding.ts';
import { checkAgentVersions } from './agent-versions.ts';
import { checkAgentWarnings } from './agent-warnings.ts';
import { checkAgents } from './agents.ts';
import { checkAlgorithm } from './algorithm.ts';
import { checkConfiguredWeights } from './configured-weights.ts';
import { checkDecisions } from './decisions.ts';
import { checkFastPath } from './fast-path.ts';
import { checkLimits } from './limits.ts';
import { checkNamedAgents } from './named-agents.ts';
import { checkPressure } from './pressure.ts';
import { checkRoomBesideOthers } from './room-beside-others.ts';
import { checkRotation } from './rotation.ts';
import { checkServers } from './servers.ts';
import { checkSharedMachines } from './shared-machines.ts';
import { checkUnknownMetrics } from './unknown-metrics.ts';

/** Every check of one backend: HAProxy first, then the agents, then what the controller decided. Pure. */
export function checkBackend(facts: BackendFacts): Finding[] {
  const { backend, algorithm } = facts.view;
  return [
    ...checkRotation(facts),
    checkAlgorithm(backend, algorithm),
    ...checkServers(facts),
    ...checkFastPath(facts),
    ...checkLimits(facts),
    ...checkConfiguredWeights(facts),
    ...checkRoomBesideOthers(facts),
    ...checkNamedAgents(facts),
    ...checkAgents(facts),
    ...checkAgentWarnings(facts),
    ...checkAgentVersions(facts),
    ...checkUnknownMetrics(facts),
    ...checkSharedMachines(facts),
    ...checkPressure(facts),
    ...checkDecisions(facts),
  ];
}
