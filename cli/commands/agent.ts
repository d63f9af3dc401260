import { Command } from 'commander';
import { type AgentFlags, type AgentOptions, parseAgentFlags } from '../../agent/config/options.ts';
import { ProcRoot } from '../../agent/kernel/proc-root.ts';
import { inContainer } from '../../agent/scope/container.ts';
import { agentPort } from '../../shared/contract/endpoints.ts';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { usage } from '../../shared/contract/problems/settings.ts';
import { endSoon } from '../../shared/process/end-soon.ts';
import { keepFootprintSmall } from '../../shared/process/footprint.ts';

const examples = `
Examples:
  haweight agent --once                      look once and print a table
  haweight agent                             serve 127.0.0.1:${agentPort}/v1/snapshot
  haweight agent --scope process --port 8080   measure what listens on 8080
  haweight agent --listen 0.0.0.0:9477 --token-file /etc/haweight/token
  haweight agent --listen 0.0.0.0:9477 --token-file /etc/haweight/token \\
    --tls-cert web1.pem --tls-key web1.key
  haweight agent --link-speed 1G             a virtual card knows no speed
  haweight agent --max-threads 64 -- node app.js --port 8080
                                             run an application and measure it

Scopes: host is the whole machine. cgroup is a container or a unit, against its
quota and limits. process is a process and everything that it started. The
default is cgroup in a container, process with a COMMAND, else host.
A COMMAND goes after "--". It gets the agent's signals, and its exit code is
the agent's.`;

/** `haweight agent`: measures this server and serves what it finds. */
export function agentCommand(): Command {
  return new Command('agent')
    .description('measure this server and serve its CPU, RAM, bandwidth, threads and TCP queues')
    .argument('[command...]', 'an application to run and measure, after "--"')
    .option('--listen <host:port>', 'address to serve on', `127.0.0.1:${agentPort}`)
    .option('--scope <scope>', 'what to measure: host, cgroup or process')
    .option('--pid <pid>', 'process scope: this process and its children')
    .option('--port <port>', 'process scope: the process that listens on this port')
    .option('--cgroup <path>', 'cgroup scope: this group, as /proc/PID/cgroup names it')
    .option('--cores <number>', 'CPU cores that the scope may use, such as 0.5')
    .option('--memory-limit <size>', 'memory that the scope may use, such as 512M or 1G')
    .option('--link-speed <rate>', 'speed of the network in bits per second, such as 1G')
    .option('--interface <name>', 'watch only this network interface')
    .option('--max-threads <count>', "most threads there may be: the application's pool")
    .option('--name <server>', "the server's name in HAProxy; the controller refuses another's")
    .option('--token-file <file>', 'bearer token to ask for (or environment HAWEIGHT_AGENT_TOKEN)')
    .option('--tls-cert <file>', 'serve HTTPS with this certificate (PEM, with its chain)')
    .option('--tls-key <file>', "the certificate's private key")
    .option('--tls-client-ca <file>', 'serve only clients with a certificate of this CA')
    .option('--insecure', 'serve other machines without a token', false)
    .option('--sample-ms <ms>', 'time between samples, 100 to 60000', '1000')
    .option('--window-ms <ms>', 'window that rates are averaged over, 100 to 600000', '2000')
    .option('--log-level <level>', 'error, warn, info or debug', 'info')
    .option('--once', 'sample one window, print it and end', false)
    .option('--json', 'with --once: print the snapshot as it is served', false)
    .addHelpText('after', examples)
    .action(async (command: string[], flags: AgentFlags) => {
      if (command.length > 0) requireSeparator(command);
      const options = parseAgentFlags(flags, command, inContainer(new ProcRoot(), process.env));
      process.exitCode = options.once ? await printOnce(options) : await serve(options);
    });
}

/** The agent's code is loaded only when it is to run: the other commands need not carry it. */
function load(): Promise<typeof import('../../agent/run/main.ts')> {
  return import('../../agent/run/main.ts');
}

async function serve(options: AgentOptions): Promise<number> {
  keepFootprintSmall();
  const { runAgent } = await load();
  const exitCode = await runAgent(options);
  endSoon();
  return exitCode;
}

async function printOnce(options: AgentOptions): Promise<number> {
  if (options.scope === null) throw new Error('--once without a scope');
  const { sampleOnce } = await load();
  const { hostFacts } = await import('../../agent/run/host-facts.ts');
  const { formatReport } = await import('../../agent/run/report.ts');
  const facts = options.json ? [] : await hostFacts();
  const { body } = await sampleOnce(options, options.scope);
  const snapshot = body.snapshot();
  if (snapshot === null) throw new Error('no sample was taken');
  process.stdout.write(options.json ? (body.json() ?? '') : `${formatReport(snapshot, facts)}\n`);
  return 0;
}

/** Without `--`, a mistyped flag or word would be run as a program. */
function requireSeparator(command: readonly string[]): void {
  if (process.argv.includes('--')) return;
  throw new ProblemError(
    usage('agent', 'an argument that is not a flag', {
      expected: 'a command to run after "--"',
      got: quote(command[0] ?? ''),
      fix: 'Write haweight agent [options] -- COMMAND ARGS...',
    }),
  );
}
