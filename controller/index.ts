/*
 * The front door of the controller, in the order of the data's way. The command line, the testbed and most of the proofs
 * import this file only; who may import more is in docs/architecture.md, "Layers". What takes long to load is loaded when it
 * is called, so that a command that only shows its help starts fast.
 */

import type { Config } from './config/schema.ts';
import type { AgentClient } from './observe/agent-client.ts';
import type { connectAgents as connect } from './observe/connect-agents.ts';
import type { PeerClient, connectPeers as peers } from './observe/peers/peer-client.ts';

// config: from flags and a file to one checked configuration

export { describeIssues } from './config/describe.ts';
export type { ConfigFlags } from './config/flags.ts';
export { withCurrentNames } from './config/former-names.ts';
export { loadConfig } from './config/load.ts';
export { type BackendConfig, type Config, configSchema, periodsMs } from './config/schema.ts';
export { readYamlFile, type Tree } from './config/yaml-file.ts';

// observe: what HAProxy and the agents say

export type { AgentClient, AgentSource } from './observe/agent-client.ts';
export { agentUrl } from './observe/agent-url.ts';
export { type BackendView, readBackend, type ServerView } from './observe/haproxy-view.ts';
export { machineParts } from './observe/machines.ts';

/** A client for agents. Loads the HTTP library that it needs. */
export async function connectAgents(...options: Parameters<typeof connect>): Promise<AgentClient> {
  const { connectAgents } = await import('./observe/connect-agents.ts');
  return connectAgents(...options);
}

/** A client for other controllers. Loads the HTTP library that it needs. */
export async function connectPeers(...options: Parameters<typeof peers>): Promise<PeerClient> {
  const { connectPeers } = await import('./observe/peers/peer-client.ts');
  return connectPeers(...options);
}

export { viewProblems } from './observe/view-problems.ts';

// decide: the guard's constants, whether a limit scales; the names of the policies are in shared/contract

export { defaultGuardSettings } from './decide/guard/settings.ts';
export { scales } from './decide/limits/bound.ts';

// act: what is written to HAProxy

export { type GivenBack, restore } from './act/act.ts';
export { restoreLimits } from './act/limit-writer.ts';

// record: ticks in a file, and what another policy would have decided on them

export type { ServerComparison, TickComparison } from './record/comparison.ts';
export { readRecordings } from './record/read-recordings.ts';
export { decisionSettings, recordingVersion } from './record/recording.ts';
export { BackendReplay, type ReplayOptions, type ReplaySummary } from './record/replay.ts';

// loop: all backends, tick by tick

export { countingHaproxy } from './loop/exchange.ts';
export { Loop } from './loop/loop.ts';

// run: the process

export { controllersOf } from './run/controllers-of.ts';
export { lastLimits } from './run/last-limits.ts';
export { lastSettingsFile } from './run/last-settings.ts';
export { lastWeights } from './run/last-weights.ts';
export { checkSetup } from './run/preflight.ts';

/** Runs the controller until there is a reason to stop, and gives the exit code. */
export async function runController(config: Config): Promise<number> {
  const { runController } = await import('./run/main.ts');
  return await runController(config);
}
