import { Command } from 'commander';
import { connectAgents, loadConfig } from '../../controller/index.ts';
import { RuntimeApi } from '../../haproxy/runtime-api.ts';
import { exitCodes } from '../../shared/contract/problem.ts';
import { silentLog } from '../../shared/process/log.ts';
import { checkAgents } from '../doctor/agent-checks.ts';
import { checkController } from '../doctor/controller-checks.ts';
import { type Finding, renderFinding } from '../doctor/finding.ts';
import { checkBackend, checkHaproxy } from '../doctor/haproxy-checks.ts';
import { checkTls } from '../doctor/tls-checks.ts';
import { print } from '../exit.ts';
import { type AskOptions, addControllerOptions, addHaproxyOptions } from '../options.ts';
import { askController, defaultController } from '../status-source.ts';

const examples = `
Checks HAProxy's socket and rights, the backends and their algorithms, every
agent and its clock, and the controller. Changes nothing. Exits with 1 if a
check failed; each failure says how to fix it.

Examples:
  haweight doctor --backend web
  haweight doctor --config /etc/haweight/controller.yaml
  haweight doctor                      of the controller that runs here`;

export function doctorCommand(): Command {
  return addControllerOptions(addHaproxyOptions(new Command('doctor')))
    .description('check the set-up; say what is wrong and how to fix it')
    .addHelpText('after', examples)
    .action(async (options: AskOptions) => {
      let failed = 0;
      let warned = 0;
      const report = (findings: readonly Finding[]) => {
        for (const finding of findings) print(renderFinding(finding));
        failed += findings.filter(({ state }) => state === 'fail').length;
        warned += findings.filter(({ state }) => state === 'warn').length;
      };
      await examine(options, report);
      print(`\n${failed} failed, ${warned} warnings`);
      process.exitCode = failed > 0 ? exitCodes.checkFailed : exitCodes.fine;
    });
}

async function examine(options: AskOptions, report: (findings: readonly Finding[]) => void): Promise<void> {
  const url = options.controller ?? defaultController;
  const { tokenFile: _ofController, ...flags } = await withRunningController(options, url);
  const config = loadConfig(flags);
  const api = new RuntimeApi(config.haproxy);
  const haproxy = await checkHaproxy(api, config.haproxy.socket);
  report(haproxy);
  if (haproxy.length > 1) {
    // the findings say what it would log
    using client = await connectAgents(config.agents, silentLog);
    for (const backend of config.backends) {
      const { findings, view } = await checkBackend(api, backend.name);
      report(findings);
      if (view !== null) report(await checkAgents(client, view, config, backend));
    }
  }
  report(checkTls(config));
  report(await checkController(url, options, config));
}

/** Socket, backends and agents that were not given are those of the running controller, if there is one. */
async function withRunningController({ controller, ...flags }: AskOptions, url: string): Promise<AskOptions> {
  if (flags.config !== undefined || (flags.backend !== undefined && flags.socket !== undefined)) return flags;
  const answer = await askController(controller ?? url, flags);
  if (!answer.ok) return flags;
  const { haproxy } = answer.value;
  const named = flags.backend;
  const backends = answer.value.backends.filter(({ backend }) => named === undefined || named.includes(backend));
  const agents = backends.flatMap(({ backend, servers }) =>
    servers.filter(({ agent }) => agent.url !== '').map(({ server, agent }) => `${backend}/${server}=${agent.url}`),
  );
  return { socket: haproxy.socket, backend: backends.map(({ backend }) => backend), agent: agents, ...flags };
}
