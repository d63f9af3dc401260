import { maxWeight } from '../../shared/contract/limits.ts';
import { metricNames } from '../../shared/contract/snapshot.ts';
import type { BackendStatus, ServerStatus, Status, StatusReason } from '../../shared/contract/status.ts';
import { decimal, percent, seconds } from '../../shared/terminal/format.ts';
import type { ShadowedServer } from '../shadow-status.ts';
import { limitLine } from './limits.ts';
import { describe } from './reasons.ts';
import { serverNotes } from './server-notes.ts';
import { type AnsweredAt, outOfDate, timeOf } from './up-to-date.ts';
import { describeAlgorithm } from './weights-table.ts';

export interface Explained {
  readonly status: Status;
  readonly backend: BackendStatus;
  readonly server: ServerStatus;
  /** HAProxy and the agents were asked, without a controller. */
  readonly direct?: boolean;
  readonly answeredAt?: AnsweredAt;
  readonly shadow?: ShadowedServer | null;
}

/** One decision step by step: that of the policy in force, or of one in shadow. */
export function renderExplanation(explained: Explained): string {
  const { status, backend, server, direct = false, answeredAt = null, shadow = null } = explained;
  const { agent, traffic } = server;
  const decided = shadow ?? server;
  const unwritten = direct || status.dryRun;
  const real = unwritten
    ? `weight ${server.weightBefore} in HAProxy; ${direct ? 'a controller that starts now' : 'the dry run'} would set ${server.weight}`
    : `weight ${server.weight}${server.written ? `, was ${server.weightBefore}` : ', unchanged'}`;
  const outcome =
    shadow === null
      ? real
      : `weight ${server.weight} by ${status.policy}; ${shadow.policy} would have ${shadow.weight}`;
  const policy = shadow === null ? status.policy : `${shadow.policy} in shadow, never written`;
  const metrics = metricNames.map((name) => `${name} ${percent(server.utilisation[name])}`).join(', ');
  const age = agent.ageMs === null ? 'never answered' : `${seconds(agent.ageMs)} old`;
  const steps = decided.reasons.map(
    (reason, index) => `${String(index + 1).padStart(4)}. ${describe(reason)}${stepOf(reason, decided.reasons)}`,
  );
  return [
    ...outOfDate(status, answeredAt),
    `${backend.backend}/${server.server}: ${outcome}; share ${percent(decided.share, 1)}`,
    `  policy   ${policy}, ${describeAlgorithm(backend.algorithm)}, every ${seconds(status.periodMs)}, ${timeOf(backend, status, answeredAt)}`,
    `  HAProxy  ${server.haproxyStatus}, configured weight ${server.configuredWeight}, ${server.inFlight} in flight`,
    `  traffic  ${traffic === null ? 'not known for this tick' : `${traffic.ok} answered, ${traffic.errors} errors since the last tick`}`,
    ...elsewhereNote(server),
    ...limitLine(server),
    `  agent    ${agent.state}, ${age}${agent.url === '' ? '' : `, ${agent.url}`}`,
    ...(agent.detail === null ? [] : [`           ${agent.detail}`]),
    ...serverNotes(server),
    `  metrics  ${metrics}; ${decimal(server.effectiveCores)} cores`,
    '  steps',
    ...(steps.length === 0 ? ['     none yet'] : steps),
  ].join('\n');
}

/** What policies learn from beside this HAProxy's own counters. */
function elsewhereNote({ elsewhere }: ServerStatus): string[] {
  if (elsewhere === null) return [];
  const { ok, started, inFlight } = elsewhere;
  return [`  peers    ${ok} answered of ${started} sent by other HAProxys since the last tick, ${inFlight} in flight`];
}

/** Where a smoothed weight is on its way to, on the scale of this tick's weights. */
function stepOf(reason: StatusReason, all: readonly StatusReason[]): string {
  if (reason.code !== 'smoothed') return '';
  const scaled = all.findLast((each) => each.code === 'scaled');
  if (scaled === undefined || reason.factor === 0) return '';
  const target = Math.round((scaled.to * reason.wanted) / reason.factor);
  return `: target ${target > maxWeight ? `above ${maxWeight}` : target}, this tick ${scaled.to}`;
}
