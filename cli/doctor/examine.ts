import {
  type AgentClient,
  agentUrl,
  type BackendConfig,
  type Config,
  connectAgents,
  connectPeers,
  countingHaproxy,
  readBackend,
  type ServerView,
} from '../../controller/index.ts';
import { type HaproxyInfo, RuntimeApi, type StatRow } from '../../haproxy/runtime-api.ts';
import { canonicalAddress } from '../../haproxy/socket-address.ts';
import { isNeverOurs } from '../../shared/contract/observation.ts';
import type { Problem } from '../../shared/contract/problem.ts';
import type { Result } from '../../shared/contract/result.ts';
import { agentTokenVariable } from '../../shared/contract/snapshot.ts';
import { silentLog } from '../../shared/process/log.ts';
import type { Answered } from '../ask-controller.ts';
import { isStuck, tickAgeMs } from '../view/up-to-date.ts';
import { checkBackend } from './checks/backend.ts';
import { checkController } from './checks/controller.ts';
import { checkInfo, checkRights } from './checks/haproxy.ts';
import { checkPeer, checkShownPeer } from './checks/peers.ts';
import { checkTls } from './checks/tls.ts';
import { checkTokens } from './checks/tokens.ts';
import type { AskedAgent, BackendFacts, Shown } from './facts.ts';
import { type Finding, failure } from './finding.ts';

/** A controller that was asked for its status. */
export interface AskedController {
  readonly url: string;
  readonly answer: Result<Answered, Problem>;
}

/** Reads everything once, changes nothing, and gives the findings as they are made. */
export async function* examine(config: Config, controller: AskedController): AsyncGenerator<readonly Finding[]> {
  const api = new RuntimeApi(config.haproxy);
  const { socket } = config.haproxy;
  const info = await api.info();
  yield checkInfo(socket, info);
  if (info.ok) {
    yield [checkRights(socket, await api.level())];
    // the findings report what it would log
    using client = await connectAgents(config.agents, silentLog);
    for (const backend of config.backends) {
      yield await examineBackend({ api, client, config, backend, shown: shownBy(controller, socket, backend.name) });
    }
  }
  yield await examinePeers(config, controller, info.ok ? info.value : null);
  yield checkTls(config);
  yield checkTokens(config);
  yield checkController(
    controller.url,
    controller.answer,
    config.backends.map(({ name }) => name),
  );
}

/** A peer that a running controller asks needs no other question: the doctor may have no token for it. */
async function examinePeers(
  { peers, backends, haproxy }: Config,
  { answer }: AskedController,
  info: HaproxyInfo | null,
): Promise<readonly Finding[]> {
  const isShown =
    answer.ok && canonicalAddress(answer.value.status.haproxy.socket) === canonicalAddress(haproxy.socket);
  const shown = new Map((isShown ? answer.value.status.peers : []).map((each) => [each.url, each]));
  if (peers.urls.length === 0) return [...shown.values()].map(checkShownPeer);
  using client = await connectPeers(peers, silentLog);
  const own = info === null ? null : countingHaproxy(info);
  const names = backends.map(({ name }) => name);
  return await Promise.all(
    peers.urls.map(async (url) => {
      const known = shown.get(url);
      return known === undefined
        ? checkPeer({ url, answer: await client.fetch(url) }, own, names)
        : checkShownPeer(known);
    }),
  );
}

interface Examined {
  readonly api: RuntimeApi;
  readonly client: AgentClient;
  readonly config: Pick<Config, 'agents'>;
  readonly backend: BackendConfig;
  readonly shown: Shown | null;
}

export async function examineBackend({ api, client, config, backend, shown }: Examined): Promise<readonly Finding[]> {
  const view = await readBackend(api, backend.name);
  if (!view.ok) return [failure(`backend ${backend.name}`, view.error)];
  const { tokenFile, tls, url: template, staleAfterMs } = config.agents;
  const asked = view.value.servers.filter(isAsked);
  const stats = await api.stats(backend.name);
  const facts: BackendFacts = {
    view: view.value,
    ...(stats.ok ? { observed: new Set(stats.value.filter(isObserved).map(({ name }) => name)) } : {}),
    namedAgents: Object.keys(backend.agents),
    agents: await Promise.all(asked.map((server) => askAgent(client, server, template, backend))),
    access: { token: (tokenFile ?? process.env[agentTokenVariable]) !== undefined, tls: tls !== undefined },
    staleAfterMs,
    wallMs: Date.now(),
    shown,
  };
  return checkBackend(facts);
}

/** Servers that may come into rotation by themselves. One in maintenance may be an empty slot, at an address of nobody. */
function isAsked({ exclusion }: ServerView): boolean {
  return !isNeverOurs(exclusion) && exclusion !== 'maintenance';
}

function isObserved({ observesConnections }: StatRow): boolean {
  return observesConnections === true;
}

async function askAgent(
  client: AgentClient,
  { server, address }: ServerView,
  template: string,
  backend: BackendConfig,
): Promise<AskedAgent> {
  const startedMs = performance.now();
  const url = agentUrl({ name: server, address }, template, backend.agents);
  const answer = url.ok ? await client.fetch(url.value, server) : url;
  return { server, url: url.ok ? url.value : '', answer, tookMs: performance.now() - startedMs };
}

/** What the controller shows of this backend; null where it is another HAProxy's, or does not manage it. */
function shownBy({ answer }: AskedController, socket: string, name: string): Shown | null {
  if (!answer.ok) return null;
  const { status, answeredAt } = answer.value;
  const backend = status.backends.find((each) => each.backend === name);
  if (backend === undefined || canonicalAddress(status.haproxy.socket) !== canonicalAddress(socket)) return null;
  const ageMs = Math.max(0, tickAgeMs(status, answeredAt));
  return { status: backend, tickAgeMs: isStuck(status, answeredAt) ? null : ageMs };
}
