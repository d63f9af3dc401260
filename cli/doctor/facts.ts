import type { BackendView } from '../../controller/index.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import type { Result } from '../../shared/contract/result.ts';
import type { Snapshot } from '../../shared/contract/snapshot.ts';
import type { BackendStatus } from '../../shared/contract/status.ts';

/** One agent that was asked. */
export interface AskedAgent {
  readonly server: string;
  /** Empty where it is not known. */
  readonly url: string;
  readonly answer: Result<Snapshot, Problem>;
  readonly tookMs: number;
}

/** What was given to the doctor to ask agents with. */
export interface AgentAccess {
  readonly token: boolean;
  readonly tls: boolean;
}

/** What a running controller shows of a backend. */
export interface Shown {
  readonly status: BackendStatus;
  /** Since its last tick, in ms; null where it is stuck: then it vouches for nothing. */
  readonly tickAgeMs: number | null;
}

/** All that was read about one backend. The checks are pure functions of it. */
export interface BackendFacts {
  readonly view: BackendView;
  /** Servers whose connections HAProxy observes; absent: it was not asked, or did not say. */
  readonly observed?: ReadonlySet<string>;
  /** The servers whose agents the configuration names. */
  readonly namedAgents: readonly string[];
  readonly agents: readonly AskedAgent[];
  readonly access: AgentAccess;
  readonly staleAfterMs: number;
  /** Wall clock when the agents had answered, in ms. */
  readonly wallMs: number;
  /** null: no controller was found that manages this backend. */
  readonly shown: Shown | null;
}

/** The answers of the agents that answered, with their servers. */
export function snapshotsOf({ agents }: Pick<BackendFacts, 'agents'>) {
  return agents.flatMap(({ server, url, answer }) => (answer.ok ? [{ server, url, snapshot: answer.value }] : []));
}
