import { isNeverOurs } from '../../shared/contract/observation.ts';
import { serversUnderAgentCheck } from '../../shared/contract/problems/backend.ts';
import type { EventLog } from '../../shared/process/event-log.ts';
import type { Log } from '../../shared/process/log.ts';
import type { BackendView } from '../observe/haproxy-view.ts';
import { srvRecordProblem } from '../observe/view-problems.ts';
import type { BackendTick, ShadowTick } from './backend-tick.ts';

export interface TickLogOptions {
  readonly logger: Log;
  readonly events: EventLog;
  readonly dryRun: boolean;
}

/** Logs what changed from one tick of a backend to the next: problems that come and go, drains, weights. */
export class TickLog {
  readonly #options: TickLogOptions;

  constructor(options: TickLogOptions) {
    this.#options = options;
  }

  shadow(backend: string, { policy, problem }: ShadowTick): void {
    this.#options.events.report('shadow problem', { backend, policy }, problem);
  }

  /** What HAProxy says of the servers, before anything is decided. */
  view(view: BackendView): void {
    const { events } = this.#options;
    const { backend, servers, problems } = view;
    const names = new Set([...servers.map(({ server }) => server), ...problems.keys()]);
    for (const server of names) events.report('server problem', { backend, server }, problems.get(server) ?? null);
    events.report('servers from an SRV record', { backend }, srvRecordProblem(view));
  }

  tick(tick: BackendTick, before: BackendTick): void {
    this.#problems(tick);
    this.#drains(tick, before);
    this.#weights(tick);
  }

  #problems({ backend, problem, servers }: BackendTick): void {
    const { events } = this.#options;
    events.report('backend problem', { backend }, problem);
    for (const { observation, agentHealth } of servers) {
      const { server, exclusion } = observation;
      const subject = { backend, server };
      events.report('agent problem', subject, isNeverOurs(exclusion) ? null : agentHealth.problem);
      events.report('agent of another version', subject, agentHealth.otherVersion);
      const conflict = exclusion === 'agent-check' ? serversUnderAgentCheck(backend, [server]) : null;
      events.report('server under agent-check', subject, conflict);
    }
  }

  #drains({ backend, decisions }: BackendTick, before: BackendTick): void {
    const wasDrained = new Set(before.decisions.filter(({ drained }) => drained).map(({ server }) => server));
    for (const { server, drained, weight, reasons } of decisions) {
      if (drained === wasDrained.has(server)) continue;
      const event = drained ? 'server drained' : 'server no longer drained';
      this.#options.logger.info(event, { backend, server, weight, reasons });
    }
  }

  #weights({ backend, decisions, servers }: BackendTick): void {
    const { logger, dryRun } = this.#options;
    const before = new Map(servers.map(({ observation }) => [observation.server, observation.currentWeight]));
    const changes = decisions
      .filter(({ write }) => write)
      .map(({ server, weight }) => ({ server, from: before.get(server), to: weight }));
    if (changes.length > 0) logger.debug('weights changed', { backend, dryRun, changes });
  }
}
