import type { AskedAgent, BackendFacts } from '../../../cli/doctor/facts.ts';
import type { Finding } from '../../../cli/doctor/finding.ts';
import type { BackendView, ServerView } from '../../../controller/index.ts';
import type { Problem } from '../../../shared/contract/problem.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import type { Snapshot } from '../../../shared/contract/snapshot.ts';
import { snapshot } from '../../support/snapshot.ts';

const counters = {} as ServerView['counters'];

/** A server in rotation as HAProxy has it, changed where asked. */
export function view(server: string, changes: Partial<ServerView> = {}): ServerView {
  return {
    server,
    address: '10.0.0.1',
    port: 8080,
    takesRequests: true,
    haproxyStatus: 'UP',
    exclusion: null,
    configuredWeight: 100,
    currentWeight: 100,
    upForMs: 60_000,
    counters,
    inFlight: 0,
    limit: null,
    waiting: 0,
    ...changes,
  };
}

export function answering(server: string, changes: Partial<Snapshot> = {}, url = `http://${server}:9477`): AskedAgent {
  return { server, url, answer: ok(snapshot(changes)), tookMs: 5 };
}

export function failing(server: string, problem: Problem): AskedAgent {
  return { server, url: `http://${server}:9477`, answer: err(problem), tookMs: 5 };
}

/** When the snapshots of the tests were taken, and a little. */
export const nowMs = 1_700_000_000_120;

export function viewOf(servers: readonly ServerView[], changes: Partial<BackendView> = {}): BackendView {
  const queue = { waiting: 0, gaveUp: 0 };
  const rest = { isHttp: true, fullconn: null, queue, problems: new Map(), srvRecords: new Map(), found: new Map() };
  return { backend: 'web', algorithm: 'roundrobin', servers, ...rest, ...changes };
}

/** What was read of a backend of these servers, whose agents all answer, changed where asked. */
export function facts(servers: readonly ServerView[], changes: Partial<BackendFacts> = {}): BackendFacts {
  return {
    view: viewOf(servers),
    namedAgents: [],
    agents: servers
      .filter(({ exclusion }) => exclusion === null)
      .map(({ server }) => answering(server, { host: server })),
    access: { token: true, tls: false },
    staleAfterMs: 3_000,
    wallMs: nowMs,
    shown: null,
    ...changes,
  };
}

/** Findings as `level check: detail. fix`. */
export function lines(findings: readonly Finding[]): readonly string[] {
  return findings.map(
    ({ level, check, detail, fix }) => `${level} ${check}: ${detail}${fix === null ? '' : `. ${fix}`}`,
  );
}
