import { findWeights } from '../../../controller/observe/found-weights.ts';
import { joinBackend } from '../../../controller/observe/haproxy-view.ts';
import { viewProblems } from '../../../controller/observe/view-problems.ts';
import { probeWeights } from '../../../haproxy/algorithm.ts';
import { accessLevels, type HaproxyInfo, parseInfo, parseLevel } from '../../../haproxy/process-info.ts';
import { recogniseRefusal, refusalProblem } from '../../../haproxy/refusal.ts';
import { errorText } from '../../../haproxy/reply.ts';
import { parseServersState, type ServerState } from '../../../haproxy/servers-state.ts';
import { parseSocketAddress } from '../../../haproxy/socket-address.ts';
import { parseStats, type StatRow } from '../../../haproxy/stat-csv.ts';
import { haproxyReplies } from '../corpus.ts';
import { addressed, casesFrom } from '../input/cases.ts';
import { chosen, splitInput, stateless, type Target } from '../target.ts';
import { checkProblem, demand, demandCount } from '../violation.ts';

const corpus = { inputs: haproxyReplies, maxBytes: 512 * 1024 };

export const repliesTarget: Target = {
  cases: addressed(casesFrom(corpus), (reply) => {
    const which = ['srv_name', 'svname', 'Uptime', 'admin'].findIndex((word) => reply.includes(word));
    return [which < 0 ? 4 : which];
  }),
  open: () => stateless(checkReply),
};

const recordedStats = haproxyReplies.map((reply) => parseStats(reply.toString('utf8'))).find(({ ok }) => ok);
const webRows = recordedStats?.ok === true ? recordedStats.value : [];

const readers = [readStates, readStats, readInfo, readLevel, readRefusal, readAddress] as const;

/** First byte: the parser. The rest is the reply. */
function checkReply(input: Buffer): string {
  const [[which = 0], reply] = splitInput(input, 1);
  return chosen(which, readers)(reply.toString('utf8'));
}

function readStates(reply: string): string {
  const parsed = parseServersState(reply);
  if (!parsed.ok) return `states: ${fault(parsed.error)}`;
  checkStates(parsed.value);
  checkProbe(parsed.value);
  for (const { weight } of findWeights(parsed.value, null).values())
    demand(weight >= 1 && weight <= 256, 'a found weight');
  const joined = joinBackend('web', parsed.value, webRows);
  if (joined.ok) for (const problem of viewProblems(joined.value)) checkProblem(problem);
  return parsed.value.some(({ fault }) => fault !== undefined) ? 'states: read in part' : 'states: read';
}

function readStats(reply: string): string {
  const parsed = parseStats(reply);
  if (!parsed.ok) return `stats: ${fault(parsed.error)}`;
  checkStats(parsed.value);
  const states = parseServersState(haproxyReplies[0].toString('utf8'));
  const joined = joinBackend('web', states.ok ? states.value : [], parsed.value);
  if (!joined.ok) checkProblem(joined.error);
  else for (const problem of viewProblems(joined.value)) checkProblem(problem);
  return joined.ok ? 'stats: read' : 'stats: read, without the backend';
}

function readInfo(reply: string): string {
  const parsed = parseInfo(reply);
  if (!parsed.ok) return `info: ${fault(parsed.error)}`;
  checkInfo(parsed.value);
  return 'info: read';
}

function readLevel(reply: string): string {
  const parsed = parseLevel(reply);
  demand(!parsed.ok || accessLevels.includes(parsed.value), 'an unknown level');
  return parsed.ok ? 'level: read' : 'level: refused';
}

function readRefusal(text: string): string {
  const asked = { socket: '/run/haproxy/admin.sock', backend: 'web', server: 'web/s1', writes: true };
  checkProblem(refusalProblem(text, asked));
  const error = errorText(text);
  demand(error.length <= text.length, 'an error text that is not part of the reply');
  return `refusal: ${recogniseRefusal(text, asked)?.code ?? 'unknown words'}`;
}

/** A probe names one server, and sets it back to the weight that it has. */
function checkProbe(states: readonly ServerState[]): void {
  const probe = probeWeights(states) ?? [];
  demand(probe.length === 0 || probe.length === 2, 'a probe of another length');
  for (const { weight } of probe) demandCount(weight, 'probe', 256);
  const [first, last] = probe;
  demand(first?.server === last?.server && (first === undefined || first.weight > 0), 'a probe with an effect');
}

function readAddress(text: string): string {
  const address = parseSocketAddress(text, '--socket');
  if (!address.ok) checkProblem(address.error);
  return address.ok ? `address: ${address.value.kind}` : 'address: refused';
}

export function checkStates(states: readonly ServerState[]): void {
  for (const state of states) {
    demandCount(state.weight, 'weight', 256);
    demandCount(state.configuredWeight, 'configuredWeight', 256);
    demandCount(state.port, 'port', 65_535);
    demandCount(state.inStateForMs, 'inStateForMs');
    demandCount(state.upForMs, 'upForMs');
  }
}

export function checkStats(rows: readonly StatRow[]): void {
  for (const row of rows) {
    for (const [key, value] of Object.entries(row)) if (typeof value === 'number') demandCount(value, key);
    if (row.kind === 'server') demandCount(row.weight, 'weight', 256);
  }
}

export function checkInfo({ pid, uptimeSeconds, version }: HaproxyInfo): void {
  demandCount(pid, 'pid');
  demandCount(uptimeSeconds, 'uptimeSeconds');
  demand(version !== '', 'no version');
}

/** Without numbers and names, which differ from case to case. */
function fault(text: string): string {
  return text.replaceAll(/\d+/g, 'N').replace(/lacks .*/, 'lacks columns');
}
