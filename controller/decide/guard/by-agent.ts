import type { Utilisations } from '../../../shared/contract/observation.ts';
import type { MetricName } from '../../../shared/contract/snapshot.ts';
import { sum } from '../../../shared/math/statistics.ts';
import type { DrainOutcome, DrainSubject } from './drain.ts';

/**
 * Decides on the servers of one agent as on one server. They run on one machine, which is overloaded as a whole: what one of
 * them gives up, the others would get. A server that joins drained ones is drained with them.
 */
export function drainByAgent(
  subjects: readonly (DrainSubject & { readonly agent: string })[],
  decide: (joined: readonly DrainSubject[]) => DrainOutcome,
): DrainOutcome {
  const drainedAgents = new Set(subjects.filter((each) => each.drained).map(({ agent }) => agent));
  const isOut = ({ agent, drained, ramping }: DrainSubject & { readonly agent: string }) =>
    drained || (ramping && drainedAgents.has(agent));
  const groups = [...Map.groupBy(subjects, (each) => `${isOut(each)} ${each.agent}`).values()];
  const joined = groups.map((members) => ({ members, subject: join(members) }));
  const { drained, reasons } = decide(joined.map(({ subject }) => subject));
  const inDrain = joined.filter(({ subject }) => drained.has(subject.server));
  const reasonsOf = joined.flatMap(({ members, subject }) => {
    const reason = reasons.get(subject.server);
    if (reason === undefined) return [];
    const concerned = reason.code === 'released' ? members.filter((each) => each.drained) : members;
    return concerned.map(({ server }) => [server, reason] as const);
  });
  return {
    drained: new Set(inDrain.flatMap(({ members }) => members.map(({ server }) => server))),
    reasons: new Map(reasonsOf),
  };
}

/** Under the first of the names, so that the order of the servers does not matter. */
function join(members: readonly DrainSubject[]): DrainSubject {
  const [only] = members;
  if (only !== undefined && members.length === 1) return only;
  const names = members.map(({ server }) => server).sort();
  return {
    server: names[0] ?? '',
    servers: members.length,
    machine: only?.machine ?? '',
    fresh: members.every((each) => each.fresh),
    drained: members.some((each) => each.drained),
    ramping: members.every((each) => each.ramping),
    cpuIsKnown: members.every((each) => each.cpuIsKnown),
    utilisation: highest(members.map(({ utilisation }) => utilisation)),
    anyAside: members.some((each) => each.anyAside),
    overTicks: Math.max(...members.map(({ overTicks }) => overTicks)),
    failing: members.every((each) => each.failing),
    capacity: sum(members.map(({ capacity }) => capacity)),
    machines: Math.min(1, sum(members.map(({ machines }) => machines))),
    strength: {
      does: sum(members.map(({ strength }) => strength.does)),
      can: sum(members.map(({ strength }) => strength.can)),
      should: sum(members.map(({ strength }) => strength.should)),
    },
  };
}

/** They differ only while one of the servers is new. */
function highest(all: readonly Utilisations[]): Utilisations {
  const of = (metric: MetricName) => {
    const values = all.map((each) => each[metric]);
    return values.includes(null) ? null : Math.max(...values.filter((value) => value !== null));
  };
  return {
    cpu: of('cpu'),
    ram: of('ram'),
    bandwidth: of('bandwidth'),
    threads: of('threads'),
    tcpQueues: of('tcpQueues'),
  };
}
