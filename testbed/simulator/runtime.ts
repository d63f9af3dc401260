import type { AgentSource } from '../../controller/index.ts';
import type { HaproxyControl, LimitChange, ServerState, StatRow, WeightChange } from '../../haproxy/runtime-api.ts';
import { maxLimit } from '../../shared/contract/limits.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import { agentUnreachable } from '../../shared/contract/problems/agent.ts';
import { serverMissing } from '../../shared/contract/problems/backend.ts';
import { err, ok, type Result } from '../../shared/contract/result.ts';
import type { SimulatedAgent } from './agent.ts';
import type { SimulatedHaproxy } from './haproxy.ts';
import type { Line } from './line.ts';

export const backendName = 'simulated';

type Reply<Value> = Promise<Result<Value, Problem>>;

/** A simulated HAProxy as the controller's loop talks to it: the same replies as the Runtime API's client gives. */
export class SimulatedRuntime implements HaproxyControl {
  readonly #haproxy: SimulatedHaproxy;
  readonly #nowMs: () => number;
  readonly #pid: number;

  constructor(haproxy: SimulatedHaproxy, pid: number, nowMs: () => number) {
    this.#haproxy = haproxy;
    this.#pid = pid;
    this.#nowMs = nowMs;
  }

  info() {
    const uptimeSeconds = Math.floor(this.#nowMs() / 1_000);
    return Promise.resolve(ok({ version: 'simulated', pid: this.#pid, uptimeSeconds }));
  }

  servers(): Reply<readonly ServerState[]> {
    return Promise.resolve(ok(this.#haproxy.lines.map((line) => stateOf(line, this.#nowMs()))));
  }

  stats(): Reply<readonly StatRow[]> {
    const rows = this.#haproxy.lines.map((line) => rowOf(line, this.#nowMs()));
    return Promise.resolve(ok([...rows, backendRow(rows, this.#haproxy)]));
  }

  setWeights(backend: string, changes: readonly WeightChange[]): Reply<void> {
    for (const { server, weight } of changes) {
      if (this.#haproxy.setWeight(server, weight)) continue;
      return Promise.resolve(err(serverMissing(`${backend}/${server}`)));
    }
    return Promise.resolve(ok(undefined));
  }

  setLimits(backend: string, changes: readonly LimitChange[]): Reply<void> {
    // as the client of the Runtime API: before "none" goes one that nothing reaches
    const steps = changes.flatMap((change) =>
      change.limit === 0 ? [{ ...change, limit: maxLimit }, change] : [change],
    );
    for (const { server, limit } of steps) {
      if (this.#haproxy.setLimit(server, limit, this.#nowMs())) continue;
      return Promise.resolve(err(serverMissing(`${backend}/${server}`)));
    }
    return Promise.resolve(ok(undefined));
  }
}

/** The fleet's agents as the controller's observer asks them. */
export class SimulatedAgents implements AgentSource {
  readonly #agents: ReadonlyMap<string, SimulatedAgent>;
  readonly #nowMs: () => number;
  /** Simulated agents answer, or do not, without real time passing. */
  readonly #deadline = new AbortController().signal;

  constructor(agents: ReadonlyMap<string, SimulatedAgent>, nowMs: () => number) {
    this.#agents = agents;
    this.#nowMs = nowMs;
  }

  deadline(): AbortSignal {
    return this.#deadline;
  }

  fetch(url: string, server: string) {
    return Promise.resolve(this.#agents.get(server)?.answer(this.#nowMs()) ?? err(agentUnreachable(url, 'ENOTFOUND')));
  }
}

function stateOf(line: Line, nowMs: number): ServerState {
  const inStateForMs = line.health.inStateForMs(nowMs);
  return {
    backend: backendName,
    server: line.name,
    address: addressOf(line.index),
    port: 80,
    operationalState: line.up ? 'running' : 'stopped',
    adminState: { maintenance: false, drain: false },
    weight: line.weight,
    configuredWeight: line.configuredWeight,
    inStateForMs,
    upForMs: line.up ? inStateForMs : null,
  };
}

function rowOf(line: Line, nowMs: number): StatRow {
  return {
    backend: backendName,
    name: line.name,
    kind: 'server',
    status: line.health.status,
    algorithm: null,
    mode: 'http',
    isBackup: false,
    agentCheck: false,
    weight: line.weight,
    effectiveWeight: line.weight,
    currentSessions: line.served,
    queued: 0,
    limit: line.limit,
    totalSessions: line.sessions,
    responses1xx: 0,
    responses2xx: line.responses2xx,
    responses3xx: 0,
    responses4xx: line.responses4xx,
    responses5xx: line.responses5xx,
    connectionErrors: line.connectionErrors,
    responseErrors: line.responseErrors,
    retries: line.retries,
    redispatches: line.redispatches,
    throttlePercent: null,
    upForMs: line.up ? line.health.inStateForMs(nowMs) : null,
  };
}

function backendRow(rows: readonly StatRow[], haproxy: SimulatedHaproxy): StatRow {
  const { balance, sessions, queued, fullconn, queueTimeouts } = haproxy;
  const sum = (of: (row: StatRow) => number | null) => rows.reduce((total, row) => total + (of(row) ?? 0), 0);
  const up = rows.filter(({ upForMs }) => upForMs !== null);
  return {
    backend: backendName,
    name: 'BACKEND',
    kind: 'backend',
    status: up.length > 0 ? 'UP' : 'DOWN',
    algorithm: balance,
    mode: 'http',
    isBackup: false,
    agentCheck: false,
    weight: up.reduce((total, { weight }) => total + weight, 0),
    effectiveWeight: up.reduce((total, { weight }) => total + weight, 0),
    currentSessions: sessions,
    queued,
    limit: fullconn,
    totalSessions: sum((row) => row.totalSessions),
    responses1xx: 0,
    responses2xx: sum((row) => row.responses2xx),
    responses3xx: 0,
    responses4xx: sum((row) => row.responses4xx),
    responses5xx: sum((row) => row.responses5xx) + queueTimeouts,
    connectionErrors: sum((row) => row.connectionErrors) + queueTimeouts,
    responseErrors: sum((row) => row.responseErrors),
    retries: sum((row) => row.retries),
    redispatches: sum((row) => row.redispatches),
    throttlePercent: null,
    upForMs: null,
  };
}

function addressOf(index: number): string {
  return `10.${(index >> 16) & 255}.${(index >> 8) & 255}.${index & 255}`;
}
