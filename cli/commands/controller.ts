import { Command, Option } from 'commander';
import { type ConfigFlags, checkSetup, loadConfig, runController } from '../../controller/index.ts';
import { agentPort, controllerPort } from '../../shared/contract/endpoints.ts';
import { defaultPolicy, policyNames } from '../../shared/contract/policy-names.ts';
import { ProblemError } from '../../shared/contract/problem.ts';
import { endSoon } from '../../shared/process/end-soon.ts';
import { print } from '../exit.ts';
import { addHaproxyOptions, repeatedNames, wholeNumber } from '../options.ts';

const examples = `
Without a configuration file it takes the servers and their addresses from
HAProxy and asks each one's agent at port ${agentPort}. It waits for HAProxy and agents
that are not there yet. On SIGTERM it restores the configured weights.

Examples:
  haweight controller --backend web --dry-run
  haweight controller --socket /run/haproxy/admin.sock -b web -b api
  haweight controller --config /etc/haweight/controller.yaml
  haweight controller --config /etc/haweight/controller.yaml --check
  haweight controller -b web --shadow equal --record ticks.jsonl
  haweight controller -b web --agent web1=http://10.0.0.1:9477`;

export function controllerCommand(): Command {
  return addHaproxyOptions(new Command('controller'))
    .description("measure, decide and set HAProxy's weights, every two seconds")
    .option('--policy <name>', `how weights are decided: ${policyNames.join(', ')} (default: ${defaultPolicy})`)
    .option('--period-ms <ms>', 'time between ticks; must divide a minute (default: 2000)', wholeNumber(1))
    .addOption(
      new Option('--shadow <name>', 'policies to compute and show beside it, never written; several: a,b').argParser(
        repeatedNames,
      ),
    )
    .option('--record <file>', 'append every tick to this file, for haweight replay')
    .option('--dry-run', 'decide and show, write nothing')
    .option('--listen <host:port>', `where the status API answers (default: 127.0.0.1:${controllerPort})`)
    .option('--token-file <file>', 'file with the bearer token for the status API (or HAWEIGHT_CONTROLLER_TOKEN)')
    .option('--tls-cert <file>', 'serve the status API over HTTPS with this certificate (PEM, with its chain)')
    .option('--tls-key <file>', "the certificate's private key")
    .option('--tls-client-ca <file>', 'answer only clients with a certificate of this CA')
    .option('--insecure', 'allow other machines to read the status without a token')
    .option('--on-exit <what>', 'weights to leave behind: restore (the configured ones) or keep (default: restore)')
    .option('--log-level <level>', 'error, warn, info or debug (default: info)')
    .option('--check', 'check configuration and set-up, change nothing, and exit')
    .addHelpText('after', examples)
    .action(async ({ check = false, ...flags }: ConfigFlags & { check?: boolean }) => {
      const config = loadConfig(flags);
      if (!check) {
        process.exitCode = await runController(config);
        endSoon();
        return;
      }
      const waitingFor = await checkSetup(config);
      if (waitingFor !== null) throw new ProblemError(waitingFor);
      print('configuration and set-up are fine');
    });
}
