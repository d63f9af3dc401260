import { joinBackend } from '../../../controller/observe/haproxy-view.ts';
import { accessLevels, type HaproxyInfo, parseInfo, parseLevel } from '../../../haproxy/process-info.ts';
import { recogniseRefusal, refusalProblem } from '../../../haproxy/refusal.ts';
import { parseServersState, type ServerState } from '../../../haproxy/servers-state.ts';
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

const readers = [readStates, readStats, readInfo, readLevel, readRefusal] as const;

/** First byte: the parser. The rest is the reply. */
function checkReply(input: Buffer): string {
  const [[which = 0], reply] = splitInput(input, 1);
  return chosen(which, readers)(reply.toString('utf8'));
}

function readStates(reply: string): string {
  const parsed = parseServersState(reply);
  if (!parsed.ok) return `states: ${fault(parsed.error)}`;
  checkStates(parsed.value);
  return 'states: read';
}

function readStats(reply: string): string {
  const parsed = parseStats(reply);
  if (!parsed.ok) return `stats: ${fault(parsed.error)}`;
  checkStats(parsed.value);
  const states = parseServersState(haproxyReplies[0].toString('utf8'));
  const joined = joinBackend('web', states.ok ? states.value : [], parsed.value);
  if (!joined.ok) checkProblem(joined.error);
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
  demand(!parsed.ok || accessLevels.includes(parsed.value), 'a level that there is not');
  return parsed.ok ? 'level: read' : 'level: refused';
}

function readRefusal(text: string): string {
  const asked = { socket: '/run/haproxy/admin.sock', backend: 'web', server: 'web/s1', writes: true };
  checkProblem(refusalProblem(text, asked));
  return `refusal: ${recogniseRefusal(text, asked)?.code ?? 'unknown words'}`;
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

/** Without the numbers and names that differ from case to case. */
function fault(text: string): string {
  return text.replaceAll(/\d+/g, 'N').replace(/lacks .*/, 'lacks columns');
}
