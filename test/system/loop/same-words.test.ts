import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { examine } from '../../../cli/doctor/examine.ts';
import { type Config, configSchema } from '../../../controller/config/schema.ts';
import { Loop } from '../../../controller/loop/loop.ts';
import { AgentClient } from '../../../controller/observe/agent-client.ts';
import { checkSetup } from '../../../controller/run/preflight.ts';
import { RuntimeApi } from '../../../haproxy/runtime-api.ts';
import { systemClock } from '../../../shared/clock.ts';
import { formatProblem, ProblemError } from '../../../shared/contract/problem.ts';
import { controllerUnreachable } from '../../../shared/contract/problems/controller.ts';
import { err, ok } from '../../../shared/contract/result.ts';
import { renderConfiguration } from '../../../testbed/rig/haproxy-configuration.ts';
import { startHaproxy } from '../../../testbed/rig/haproxy-process.ts';
import { recordingLogger } from '../../controller/support/recording-logger.ts';
import { haproxyTest } from '../../haproxy/setup.ts';
import { snapshot } from '../../support/snapshot.ts';

/* A fault reads the same wherever it is told: by doctor, by `controller --check`, and by the controller while it runs. */

const server = { name: 's1', address: '127.0.0.1:9', weight: 77 } as const;
const configuration = renderConfiguration({
  sockets: [{ bind: 'unix@operator.sock', level: 'operator' }],
  backends: [
    { name: 'web', servers: [server] },
    { name: 'fixed', algorithm: 'static-rr', servers: [server] },
    { name: 'firsts', algorithm: 'first', servers: [server] },
    { name: 'checked', servers: [{ ...server, options: 'agent-check agent-port 9' }] },
  ],
});

/** The problems that doctor finds, without the names of its checks. */
async function doctorSays(config: Config): Promise<readonly string[]> {
  const absent = err(controllerUnreachable('http://127.0.0.1:1', 'ECONNREFUSED', null));
  const lines: string[] = [];
  for await (const findings of examine(config, { url: 'http://127.0.0.1:1', answer: absent })) {
    lines.push(...findings.filter(({ problem }) => problem !== null).map(({ detail }) => detail));
  }
  return lines;
}

/** What stops `controller --check`, and the start of a controller. */
async function checkSays(config: Config): Promise<string> {
  try {
    const { warnings } = await checkSetup(config);
    return warnings.map(formatProblem).join('\n') || 'fine';
  } catch (error) {
    return error instanceof ProblemError ? formatProblem(error.problem) : String(error);
  }
}

/** What a controller logs at its first tick, its agents being calm unless the configuration is to be asked for them. */
async function controllerSays(config: Config, agents: 'calm' | 'asked' = 'calm'): Promise<readonly string[]> {
  using client = new AgentClient({ timeoutMs: config.agents.timeoutMs, token: null });
  const calm = { deadline: () => client.deadline(), fetch: () => Promise.resolve(ok(snapshot())) };
  const { logger, lines } = recordingLogger();
  const api = new RuntimeApi(config.haproxy);
  await new Loop({ config, api, agents: agents === 'calm' ? calm : client, logger, clock: systemClock }).tick();
  return lines.flatMap(({ detail }) => detail ?? []);
}

const haproxyFaults = [
  {
    name: 'a socket of level operator',
    backend: 'web',
    socket: 'operator.sock',
    says: /^\S+operator.sock: .*level admin, got level operator\. /,
  },
  { name: 'a static algorithm', backend: 'fixed', says: /^backend fixed: .*does not take weights.*got "static-rr"\. / },
  {
    name: 'an algorithm that ignores weights',
    backend: 'firsts',
    says: /^backend firsts: .*ignores weights.*got "first"\. /,
  },
  { name: 'agent-check', backend: 'checked', says: /^checked\/s1: agent-check writes the same weight/ },
  { name: 'a backend that is not there', backend: 'wbe', says: /^backend wbe: .*expected one of "web", "fixed"/ },
] as const;
for (const { name, backend, says, ...rest } of haproxyFaults) {
  haproxyTest(`${name}: the same line from doctor, --check and the controller`, async (t) => {
    await using haproxy = await startHaproxy({ configuration });
    const socket = 'socket' in rest ? join(haproxy.folder, rest.socket) : haproxy.socket;
    // the paper's policy writes at its first tick
    const config = configSchema.parse({ haproxy: { socket }, backends: [{ name: backend }], policy: 'paper' });
    const line = await checkSays(config);
    t.regex(line, says);
    const doctor = await doctorSays(config);
    t.true(doctor.includes(line), doctor.join('\n'));
    const controller = await controllerSays(config);
    t.true(controller.includes(line), controller.join('\n'));
  });
}

interface Agent extends AsyncDisposable {
  readonly url: string;
}

async function serve(http: Server): Promise<Agent> {
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  const close = async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  return { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}`, [Symbol.asyncDispose]: close };
}

const agentFaults = [
  {
    name: 'nothing listens',
    start: (): Promise<Agent> =>
      Promise.resolve({ url: 'http://127.0.0.1:1', [Symbol.asyncDispose]: () => Promise.resolve() }),
    says: /^http:\/\/127\.0\.0\.1:1: the agent cannot be reached; got ECONNREFUSED\. /,
  },
  {
    name: 'it does not answer',
    start: () => serve(createServer()),
    says: /: the agent did not answer in time; expected an answer within 200 ms\. /,
  },
  {
    name: 'it answers with an old sample',
    start: () => serve(createServer((_, response) => response.end(JSON.stringify(snapshot({ ageMs: 9_000 }))))),
    says: /: the agent answers, but its sample is too old; expected at most 3000 ms, got 9000 ms\. Restart the agent/,
  },
] as const;
for (const { name, start, says } of agentFaults) {
  haproxyTest(`an agent, ${name}: the same line from doctor and the controller`, async (t) => {
    await using haproxy = await startHaproxy({ configuration });
    await using agent = await start();
    const config = configSchema.parse({
      haproxy: { socket: haproxy.socket },
      backends: [{ name: 'web', agents: { s1: agent.url } }],
      agents: { timeoutMs: 200 },
    });
    const doctor = await doctorSays(config);
    const [line = ''] = doctor;
    t.regex(line, says);
    t.is(doctor.length, 1);
    const controller = await controllerSays(config, 'asked');
    t.true(controller.includes(line), controller.join('\n'));
  });
}
