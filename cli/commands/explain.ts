import { Command } from 'commander';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { invalidFlag } from '../../shared/contract/problems/settings.ts';
import type { Status } from '../../shared/contract/status.ts';
import { print, printJson } from '../exit.ts';
import { type AskOptions, addControllerOptions, addHaproxyOptions } from '../options.ts';
import { findShadowStatus, shadowedServer } from '../shadow-status.ts';
import { exitCodeOf, findStatus } from '../status-source.ts';
import { renderExplanation } from '../view/explanation.ts';

const examples = `
Examples:
  haweight explain web/web1
  haweight explain web/web1 --json
  haweight explain web/web1 --shadow equal
  haweight explain web/web1 --socket /run/haproxy/admin.sock
                                       what a controller would decide now`;

export function explainCommand(): Command {
  return addControllerOptions(addHaproxyOptions(new Command('explain')))
    .argument('<backend/server>', 'the server whose weight to explain')
    .description('show the last decision for a server, step by step')
    .option('--shadow <policy>', 'show the decision of a policy that the controller computes in shadow')
    .option('--json', 'print the decision as JSON')
    .addHelpText('after', examples)
    .action(async (target: string, options: AskOptions & { json?: boolean; shadow?: string }) => {
      const [backend = '', server] = target.split('/', 2);
      if (server === undefined) {
        throw new ProblemError(invalidFlag('explain', 'BACKEND/SERVER', target));
      }
      if (options.shadow !== undefined) {
        const answer = await findShadowStatus(options, options.shadow);
        const found = find(answer.status, backend, server);
        const shadow = shadowedServer(found.backend, server, options.shadow);
        if (options.json === true) printJson(shadow);
        else print(renderExplanation({ ...answer, ...found, shadow }));
        process.exitCode = exitCodeOf(answer);
        return;
      }
      const answer = await findStatus({ ...options, backend: options.backend ?? [backend] });
      const found = find(answer.status, backend, server);
      if (options.json === true) printJson(found.server);
      else print(renderExplanation({ ...answer, ...found }));
      process.exitCode = exitCodeOf(answer);
    });
}

/** Throws a ProblemError where the status has no such server. */
function find(status: Status, backendName: string, serverName: string) {
  const backend = status.backends.find((each) => each.backend === backendName);
  const server = backend?.servers.find((each) => each.server === serverName);
  if (backend !== undefined && server !== undefined) return { backend, server };
  const { problem } = status.haproxy;
  const known = status.backends.flatMap((each) => each.servers.map((one) => `${each.backend}/${one.server}`));
  throw new ProblemError({
    code: backend === undefined ? 'backend-missing' : 'server-missing',
    where: quote(`${backendName}/${serverName}`),
    what: 'there is no such server',
    expected:
      known.length === 0
        ? `a server, but none is known yet${problem === null ? '' : ` (HAProxy: ${problem})`}`
        : `one of ${known.slice(0, 8).join(', ')}`,
  });
}
