import { Command, Option } from 'commander';
import { type AgentFlags, type AgentOptions, parseAgentFlags } from '../../agent/config/options.ts';
import { ProcRoot } from '../../agent/kernel/proc-root.ts';
import { inContainer } from '../../agent/scope/container.ts';
import { agentPort } from '../../shared/contract/endpoints.ts';
import { printableJson } from '../../shared/contract/printable-text.ts';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { usage } from '../../shared/contract/problems/settings.ts';
import { endSoon } from '../../shared/process/end-soon.ts';
import { keepFootprintSmall } from '../../shared/process/footprint.ts';
import { repeatedNames } from '../options.ts';

const examples = `
Examples:
  haweight agent --once                      look once and print a table
  haweight agent                             serve 127.0.0.1:${agentPort}/v1/snapshot
  haweight agent --scope process --port 8080   measure the process on port 8080
  haweight agent --listen 0.0.0.0:9477 --token-file /etc/haweight/token
  haweight agent --listen 0.0.0.0:9477 --token-file /etc/haweight/token \\
    --tls-cert web1.pem --tls-key web1.key
  haweight agent --link-speed 1G             for cards that report no speed
  haweight agent --max-threads 64 -- node app.js --port 8080
                                             run an application and measure it

Scopes: host is the whole machine. cgroup is a container or a systemd unit,
measured against its quota and limits. process is one process and all of its
children. The default is cgroup in a container, process with a COMMAND,
otherwise host.
A COMMAND goes after "--". The agent passes its signals on to it, and ends with
its exit code. The COMMAND does not inherit the token in HAWEIGHT_AGENT_TOKEN.`;

/** `haweight agent`: measures this server and serves the snapshot over HTTP. */
export function agentCommand(): Command {
  return new Command('agent')
    .description('measure this server and serve its CPU, RAM, bandwidth, threads and TCP queues')
    .argument('[command...]', 'application to run and measure, after "--"')
    .addOption(preset('--listen <host:port>', 'address to serve on', `127.0.0.1:${agentPort}`))
    .option('--scope <scope>', 'what to measure: host, cgroup or process (default: see below)')
    .option('--pid <pid>', 'process scope: measure this process and its children')
    .option(
      '--port <port>',
      'process scope: measure the process that listens on this TCP port, 1 to 65535; 10.0.0.11:8080 where others use the port at other addresses',
    )
    .option(
      '--cgroup <path>',
      "cgroup scope: measure this group, named as in /proc/PID/cgroup (default: the agent's own)",
    )
    .option('--cores <number>', "CPU cores that the scope may use, such as 0.5 (default: the scope's quota, or all)")
    .option(
      '--memory-limit <size>',
      "memory that the scope may use, such as 512M or 1G (default: the scope's limit, or all)",
    )
    .option(
      '--link-speed <rate>',
      'speed of the network in bits per second, such as 1G (default: as the network card reports)',
    )
    .option('--interface <name>', 'measure only this network interface (default: all that carry traffic)')
    .option(
      '--max-threads <count>',
      "threads that count as 100 %: the size of the application's thread pool (default: the system's limit)",
    )
    .option(
      '--name <server>',
      "the server's name in HAProxy; a controller that asks for another server refuses the answer",
    )
    .option(
      '--token-file <file>',
      'file with the bearer token that clients must send (default: environment HAWEIGHT_AGENT_TOKEN)',
    )
    .option('--tls-cert <file>', 'serve HTTPS with this certificate (PEM, with its chain)')
    .option('--tls-key <file>', 'private key of --tls-cert, PEM')
    .option('--tls-client-ca <file>', 'serve only clients with a certificate of this CA, PEM')
    .option('--insecure', 'let other machines read the snapshot without a token')
    .addOption(
      new Option(
        '--allow-host <name>',
        "further names that clients may ask by on loopback without a token, such as a reverse proxy's; several: a,b",
      ).argParser(repeatedNames),
    )
    .addOption(preset('--sample-ms <ms>', 'time between samples, 100 to 60000', '1000'))
    .addOption(preset('--window-ms <ms>', 'time that rates are averaged over, 100 to 600000', '2000'))
    .addOption(preset('--log-level <level>', 'error, warn, info or debug', 'info'))
    .option('--once', 'sample for --window-ms, print the result and exit')
    .option('--json', 'with --once: print the snapshot as JSON')
    .addHelpText('after', examples)
    .action(async (command: string[], flags: AgentFlags) => {
      if (command.length > 0) requireSeparator(command);
      const options = parseAgentFlags(flags, command, inContainer(new ProcRoot(), process.env));
      process.exitCode = options.once ? await printOnce(options) : await serve(options);
    });
}

/** An option with a default, which Commander would show in quotes. */
function preset(flags: string, text: string, value: string): Option {
  return new Option(flags, text).default(value, value);
}

/** Loads the agent's code only when it is to run, so that --help stays fast. */
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
  process.stdout.write(options.json ? printableJson(body.json() ?? '') : `${formatReport(snapshot, facts)}\n`);
  return 0;
}

/** Without `--`, a mistyped option or word would run as a program. */
function requireSeparator(command: readonly string[]): void {
  if (process.argv.includes('--')) return;
  throw new ProblemError(
    usage('agent', 'an argument that is not an option', {
      expected: 'a command to run after "--"',
      got: quote(command[0] ?? ''),
      fix: 'Write haweight agent [options] -- COMMAND ARGS...',
    }),
  );
}
