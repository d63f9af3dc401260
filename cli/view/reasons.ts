import type { Reason } from '../../shared/contract/decision.ts';
import { exclusions } from '../../shared/contract/observation.ts';
import type { ServerStatus, StatusReason } from '../../shared/contract/status.ts';
import { decimal, percent, signed } from '../../shared/terminal/format.ts';
import type { Tone } from '../../shared/terminal/text.ts';

const shortMetric = { cpu: 'cpu', ram: 'ram', bandwidth: 'bw', threads: 'thr', tcpQueues: 'tcpq' } as const;

export interface Headline {
  readonly text: string;
  readonly tone: Tone | null;
}

/** The most important fact about a server, short enough for a table. */
export function headline(server: ServerStatus): Headline {
  const find = <Code extends Reason['code']>(code: Code) =>
    server.reasons.findLast((reason): reason is Extract<Reason, { code: Code }> => reason.code === code);
  if (server.exclusion !== null) {
    return { text: server.exclusion === 'configured-zero' ? 'weight is 0' : server.exclusion, tone: 'quiet' };
  }
  if (find('contested') !== undefined) return { text: 'another writer', tone: 'bad' };
  const zero = find('drained') ?? find('over-threshold');
  if (zero !== undefined) return { text: `drained ${names(zero.metrics)}`, tone: 'bad' };
  const ejected = find('ejected');
  if (ejected !== undefined) return { text: `ejected ${Math.ceil(ejected.remainingMs / 1_000)} s`, tone: 'bad' };
  if (find('probed') !== undefined) return { text: 'probed', tone: 'bad' };
  const errors = find('errors');
  if (errors !== undefined && errors.factor < 0.95) return { text: `errors ${percent(errors.share)}`, tone: 'bad' };
  const held = find('held');
  if (held !== undefined && held.because !== 'just-up')
    return { text: held.because === 'mostly-stale' ? 'agents silent' : `held: ${held.because}`, tone: 'warn' };
  const ramp = find('ramp');
  if (ramp !== undefined) return { text: `ramp ${percent(ramp.factor)}`, tone: 'warn' };
  const cut = find('graded');
  if (cut !== undefined) return { text: `cut: ${shortMetric[cut.metric]}`, tone: 'warn' };
  const saturated = find('saturation');
  if (saturated !== undefined) return { text: `cut: ${names(saturated.metrics)}`, tone: 'warn' };
  const refused = find('drain-refused');
  if (refused !== undefined) return { text: `over: ${names(refused.metrics)}`, tone: 'warn' };
  const aside = server.reasons.filter((reason) => reason.code === 'set-aside');
  if (aside.length > 0) return { text: `aside: ${names(aside.map(({ metric }) => metric))}`, tone: 'warn' };
  if (server.agent.code !== null) return { text: agentText(server.agent.code), tone: 'warn' };
  return { text: basis(server.reasons), tone: null };
}

/** A problem of an agent in a word: the line under the table has the rest. */
function agentText(code: string): string {
  return Object.hasOwn(agentProblems, code) ? (agentProblems[code] ?? code) : code.replace(/^agent-/, '');
}

const agentProblems: Readonly<Record<string, string>> = {
  'agent-unreachable': 'no agent',
  'agent-timeout': 'agent slow',
  'agent-unauthorised': 'token',
  'agent-certificate': 'cert',
  'agent-schema-version': 'version',
  'agent-wrong-server': 'wrong agent',
  'agent-stale': 'agent old',
};

/** The basis of an ordinary weight: under `adaptive` the capacity in requests/s, and the factor for the load. */
function basis(reasons: readonly StatusReason[]): string {
  const capacity = reasons.find((reason) => reason.code === 'capacity');
  const load = reasons.find((reason) => reason.code === 'inverse-load');
  if (capacity !== undefined && load !== undefined) {
    return `${short(capacity.requestsPerSecond)}/s x ${decimal(load.factor)}`;
  }
  for (const reason of reasons) {
    const { code } = reason;
    if (code === 'unknown') return reason.of;
    if (code === 'inverse-load') return 'by load';
    if (code === 'capacity') return 'by capacity';
    if (code === 'capacity-prior') return 'by size';
    if (code === 'picked') return 'picked';
    if (code === 'passed-over') return 'passed over';
    if (code === 'stress') return 'by stress';
    if (code === 'equal') return 'equal';
  }
  return 'by load';
}

/** In at most five characters. */
function short(value: number): string {
  if (value < 10) return decimal(value, 1);
  return value < 10_000 ? decimal(value, 0) : `${decimal(value / 1_000, 0)}k`;
}

/** One step of a decision in words. */
export function describe(reason: StatusReason): string {
  switch (reason.code) {
    case 'unknown':
      return `${reason.of} (the controller is newer than this command, which does not know this step: upgrade it)`;
    case 'excluded':
      return `left alone: ${Object.hasOwn(exclusions, reason.exclusion) ? exclusions[reason.exclusion as keyof typeof exclusions] : reason.exclusion}`;
    case 'load':
      return `load Lr ${loadText(reason)}; mean of the backend ${decimal(reason.average, 3)}; delta ${signed(signedDelta(reason), 3)}`;
    case 'load-without':
      return `unknown, so left out of the load: ${names(reason.metrics)}`;
    case 'inverse-load':
      return `weight by inverse load: x ${decimal(reason.factor, 3)}`;
    case 'equal':
      return 'the same weight for every server';
    case 'capacity':
      return `capacity ${decimal(reason.requestsPerSecond, 1)} successful requests/s at full utilisation${reason.changed ? '; it has just changed, so it is learned anew' : ''}`;
    case 'capacity-prior':
      return reason.from === 'others'
        ? `capacity not learned yet: as the other servers per core, x ${decimal(reason.cores)} effective cores`
        : `capacity of no server learned yet: by size, ${decimal(reason.cores)} effective cores`;
    case 'speed':
      return `speed a core x ${decimal(reason.factor, 3)} of the other servers' (measured ${decimal(reason.measured, 3)}, give or take ${percent(reason.uncertainty)})`;
    case 'hidden':
      return `${decimal(reason.times, 1)} times the requests under way that its CPU and the other servers explain: a bottleneck that the metrics do not show, x ${decimal(reason.factor)}`;
    case 'saturation':
      return `${reason.metrics.length === 0 ? 'a metric was recently near' : `${names(reason.metrics)} near`} saturation: reduced gradually, x ${decimal(reason.factor)}`;
    case 'backlog':
      return `${decimal(reason.inFlight, 0)} requests in flight, where ${decimal(reason.fairInFlight, 1)} would be its fair part: x ${decimal(reason.factor)}`;
    case 'picked':
      return `all new work goes here: ${picks[reason.because]}, at ${percent(reason.utilisation)}`;
    case 'passed-over':
      return `at ${percent(reason.utilisation)}; the new work goes to another server`;
    case 'stress':
      return `stress ${decimal(reason.stress)} from its configured weight ${decimal(reason.configuredWeight, 0)}: x ${decimal(reason.factor)}`;
    case 'cores':
      return `size: x ${decimal(reason.factor)} effective cores`;
    case 'set-aside':
      return `${reason.metric} is set aside at ${percent(reason.level)}, because it did not fall without traffic: it neither drains nor cuts; it counts again ${reason.countsFrom <= 1 ? `from ${percent(reason.countsFrom)} on, or ` : ''}once it has been under its threshold`;
    case 'not-cut':
      return `${reason.metric} stayed at ${percent(reason.level)} while the weight was cut by a fifth or more, so that cut has ended`;
    case 'graded':
      return `${reason.metric} at ${percent(reason.utilisation)} is near saturation: reduced gradually, x ${decimal(reason.factor)}`;
    case 'over-threshold':
      return `weight 0 while over a threshold: ${names(reason.metrics)}`;
    case 'held':
      return `no verdict (${reason.because}): keeps the learned weight; ${reason.detail}`;
    case 'smoothed':
      return `the policy wants x ${decimal(reason.wanted)} of the weight so far; this tick goes x ${decimal(reason.factor)}`;
    case 'limit-raised':
      return `may have up to ${percent(reason.part)} of the traffic: HAProxy's counters show that it answers as fast as ever while requests wait at the others`;
    case 'limited':
      return `limited: agents alone can raise a server only this far: x ${decimal(reason.factor)} (a larger configured weight allows more)`;
    case 'errors':
      return `${percent(reason.share, 1)} of its last answers are errors${reason.others === undefined ? '' : ` (the other servers: ${percent(reason.others, 1)})`}: x ${decimal(reason.factor)}`;
    case 'errors-in-common':
      return `${percent(reason.share, 1)} of its last answers are errors, and ${percent(reason.others, 1)} of the other servers': what all have in common cuts none`;
    case 'client-errors':
      return `${percent(reason.share)} of its answers are 4xx (the other servers: ${percent(reason.others)}): the excess counts as errors, not as work done`;
    case 'ramp':
      return `ramp: new or just back, so ${percent(reason.factor)} of its weight for now`;
    case 'floor':
      return `raised to the smallest share, so that it still gets some requests: x ${decimal(reason.factor)}`;
    case 'drained':
      return `drained: ${reason.metrics.length > 0 ? `over threshold: ${names(reason.metrics)}` : 'not yet well under its threshold'}`;
    case 'drain-refused':
      return `over threshold (${names(reason.metrics)}) but not drained: ${reason.detail}`;
    case 'released':
      return `no longer drained: ${releases[reason.because]}`;
    case 'ejected':
      return `ejected: ${percent(reason.share)} of its answers were errors; tried again in ${Math.ceil(reason.remainingMs / 1_000)} s`;
    case 'probed':
      return `tried with a few requests, which show whether it is well again: ${percent(reason.share)} of its answers were errors`;
    case 'scaled':
      return `scaled so that the backend's largest weight is 256, and rounded: ${reason.to}`;
    case 'sum-kept':
      return `a server that haweight leaves alone takes requests, or did so within the last minute: the weights keep their configured sum of ${reason.sum}: ${reason.from} -> ${reason.to}`;
    case 'contested':
      return `something else writes this weight: left alone for ${reason.waitTicks} more ticks; wanted ${reason.wanted}`;
    case 'kept':
      return reason.because === 'deadband'
        ? `HAProxy keeps ${reason.current}: too close to be worth a write`
        : `HAProxy keeps ${reason.current}: too few requests since the last change`;
  }
}

type LoadReason = Extract<Reason, { code: 'load' }>;

function loadText({ load, measured }: LoadReason): string {
  return measured === undefined
    ? decimal(load, 3)
    : `${decimal(measured, 3)}, counted as ${decimal(load, 3)} (less tells nothing apart)`;
}

/** The distance from the mean with its sign: above 0 is busier than the mean. */
export function signedDelta({ load, average, delta }: LoadReason): number {
  return load < average ? -delta : delta;
}

const picks = {
  'most-utilised': 'the most utilised server under the thresholds',
  'least-utilised': 'the least utilised server',
  'none-under-threshold': 'none is under the thresholds, and this is the least utilised',
} as const;

const releases = {
  recovered: 'every metric is well under its threshold',
  'not-traffic': 'what is over its threshold does not fall without traffic, so it is set aside',
  stale: 'its agent is silent, and a silent agent drains no server',
  'others-overloaded': 'the others are over their thresholds or failing too',
  'half-drained': 'too much of the pool would be drained',
  'last-server': 'no other server could take its requests',
  'all-zero': 'every weight was 0, so HAProxy would answer 503 to every request',
} as const;

function names(metrics: readonly (keyof typeof shortMetric)[]): string {
  return metrics.map((metric) => shortMetric[metric]).join(', ');
}
