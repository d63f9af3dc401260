import { Command } from 'commander';
import { loadConfig } from '../../controller/index.ts';
import { defaultSocket } from '../../shared/contract/endpoints.ts';
import { exitCodes, ProblemError } from '../../shared/contract/problem.ts';
import { askController, defaultController } from '../ask-controller.ts';
import { type AskedController, examine } from '../doctor/examine.ts';
import { countOf, documentOf, type Finding, renderFinding } from '../doctor/finding.ts';
import { print, printJson } from '../exit.ts';
import { type AskOptions, addControllerOptions, addHaproxyOptions, addPeerOptions } from '../options.ts';
import { allBackends } from '../status-source.ts';

const examples = `
Checks HAProxy's socket and rights, the backends, their algorithms and weights,
every agent and its clock, peers, certificates, and the controller. Changes
nothing.
The exit code is 1 if a check failed. Each failure says how to fix it.
An agent that a running controller reads is fine, even if the doctor has no
token to read it itself.

Examples:
  haweight doctor --backend web
  haweight doctor --config /etc/haweight/controller.yaml
  haweight doctor                      what the controller on this machine uses
  haweight doctor --json | jq '.findings[] | select(.level != "ok")'`;

export function doctorCommand(): Command {
  return addControllerOptions(addPeerOptions(addHaproxyOptions(new Command('doctor'))))
    .description('check the set-up, and say what is wrong and how to fix it')
    .option('--json', 'print the findings as JSON (docs/operations.md)')
    .addHelpText('after', examples)
    .action(async ({ json = false, ...options }: AskOptions & { json?: boolean }) => {
      const url = options.controller ?? defaultController;
      const controller = { url, answer: await askController(url, options) };
      const findings: Finding[] = [];
      for await (const found of examine(loadConfig(await flagsFor(options, controller)), controller)) {
        findings.push(...found);
        if (!json) for (const finding of found) print(renderFinding(finding));
      }
      const failures = countOf(findings, 'failure');
      const warnings = countOf(findings, 'warning');
      if (json) printJson(documentOf(findings));
      else print(`\n${failures} failed, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`);
      process.exitCode = failures > 0 ? exitCodes.checkFailed : exitCodes.fine;
    });
}

/**
 * Takes a socket, backends and agents that were not given from the running controller, if there is one for this socket. Without
 * one: the backends that HAProxy has.
 */
async function flagsFor(options: AskOptions, { answer }: AskedController) {
  const { controller, tokenFile: _ofController, ...flags } = options;
  const { config, backend: named, socket = defaultSocket } = flags;
  if (config !== undefined || (named !== undefined && flags.socket !== undefined)) return flags;
  if (!answer.ok && controller !== undefined && flags.socket === undefined) throw new ProblemError(answer.error);
  const status = answer.ok ? answer.value.status : null;
  if (status === null || (flags.socket !== undefined && flags.socket !== status.haproxy.socket)) {
    return { ...flags, socket, backend: named ?? (await allBackends(socket)) };
  }
  const backends = status.backends.filter(({ backend }) => named === undefined || named.includes(backend));
  const agents = backends.flatMap(({ backend, servers }) =>
    servers.filter(({ agent }) => agent.url !== '').map(({ server, agent }) => `${backend}/${server}=${agent.url}`),
  );
  return { socket: status.haproxy.socket, backend: backends.map(({ backend }) => backend), agent: agents, ...flags };
}
