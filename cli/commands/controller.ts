import { Command, Option } from 'commander';
import { type ConfigFlags, checkSetup, loadConfig, runController } from '../../controller/index.ts';
import { agentPort, controllerPort } from '../../shared/contract/endpoints.ts';
import { defaultPolicy, policyNames } from '../../shared/contract/policy-names.ts';
import { formatProblem, ProblemError } from '../../shared/contract/problem.ts';
import { defaultLimitMode, limitModes } from '../../shared/contract/server-limit.ts';
import { endSoon } from '../../shared/process/end-soon.ts';
import { note, print } from '../exit.ts';
import { addHaproxyOptions, addPeerOptions, repeatedNames, wholeNumber } from '../options.ts';

const examples = `
Without a configuration file it gets the servers and their addresses from
HAProxy and asks the agent of each server at port ${agentPort}. It waits for HAProxy and
agents that do not answer yet. On SIGTERM, SIGINT and SIGHUP it restores the
configured weights, that is, those in haproxy.cfg. Under nohup SIGHUP changes
nothing.

Examples:
  haweight controller --backend web --dry-run
  haweight controller --socket /run/haproxy/admin.sock -b web -b api
  haweight controller --config /etc/haweight/controller.yaml
  haweight controller --config /etc/haweight/controller.yaml --check
  haweight controller -b web --shadow equal --record ticks.jsonl
  haweight controller -b web --agent web1=http://10.0.0.1:9477
  haweight controller -b web --peer http://10.0.0.3:9478 --peer-token-file token`;

export function controllerCommand(): Command {
  return addPeerOptions(addHaproxyOptions(new Command('controller')))
    .description("measure, decide and set HAProxy's weights, every two seconds")
    .option('--policy <name>', `policy that decides the weights: ${policyNames.join(', ')} (default: ${defaultPolicy})`)
    .option(
      '--limits <mode>',
      `limits on the requests that a server has at once: ${limitModes.join(', ')}; observe decides and shows them, on writes them too (default: ${defaultLimitMode})`,
    )
    .option(
      '--period-ms <ms>',
      'time between ticks, 1000 to 60000; must divide a minute (default: 2000)',
      wholeNumber(1_000, 'ms'),
    )
    .addOption(
      new Option(
        '--shadow <name>',
        'policies to compute for comparison, whose weights are never written; several: a,b',
      ).argParser(repeatedNames),
    )
    .option('--record <file>', 'append every tick to this file as a JSON line, for haweight replay')
    .option('--dry-run', 'decide and show weights, but write none to HAProxy')
    .option('--listen <host:port>', `address of the status API (default: 127.0.0.1:${controllerPort})`)
    .option(
      '--token-file <file>',
      'file with the bearer token of the status API (default: environment HAWEIGHT_CONTROLLER_TOKEN)',
    )
    .option('--tls-cert <file>', 'serve the status API over HTTPS with this certificate (PEM, with its chain)')
    .option('--tls-key <file>', 'private key of --tls-cert, PEM')
    .option('--tls-client-ca <file>', 'serve only clients with a certificate of this CA, PEM')
    .option('--insecure', 'let other machines read the status without a token')
    .addOption(
      new Option(
        '--allow-host <name>',
        "further names that clients may ask by on loopback without a token, such as a reverse proxy's; several: a,b",
      ).argParser(repeatedNames),
    )
    .option(
      '--on-exit <what>',
      'what to do with the weights when it stops: restore sets the configured weights again, keep leaves them as they are (default: restore)',
    )
    .option('--log-level <level>', 'error, warn, info or debug (default: info)')
    .option('--check', 'check configuration and set-up, change nothing and exit')
    .addHelpText('after', examples)
    .action(async ({ check = false, ...flags }: ConfigFlags & { check?: boolean }) => {
      const config = loadConfig(flags);
      if (!check) {
        process.exitCode = await runController(config);
        endSoon();
        return;
      }
      const { waitingFor, warnings } = await checkSetup(config);
      if (waitingFor !== null) throw new ProblemError(waitingFor);
      for (const warning of warnings) note(`warning: ${formatProblem(warning)}`);
      print('configuration and set-up are valid');
    });
}
