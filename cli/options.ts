import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConfigFlags } from '../controller/index.ts';
import { agentPort, controllerPort, defaultSocket } from '../shared/contract/endpoints.ts';
import { durationHint } from '../shared/unit-hints.ts';

/** Parser of an option that may be given several times. */
function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** The same for names; one option may also give several: `a,b`. */
export function repeatedNames(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(',').map((name) => name.trim())];
}

/** A whole number of at least `least`, of this unit of time if it is one. */
export function wholeNumber(least: number, unit?: 'ms' | 's'): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least) {
      const hint = unit === undefined ? null : durationHint(text, unit);
      throw new InvalidArgumentError(`Expected a whole number of at least ${least}.${hint === null ? '' : ` ${hint}`}`);
    }
    return value;
  };
}

/** Options for the controllers of other HAProxys. */
export function addPeerOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--peer <url>',
        "URL of another HAProxy's controller, whose counters are learned from too; may be given several times",
      ).argParser(repeated),
    )
    .option(
      '--peer-token-file <file>',
      "file with the peers' bearer token (default: environment HAWEIGHT_CONTROLLER_TOKEN)",
    )
    .option('--peer-ca-file <file>', "CA of the peers' certificates, PEM, for https:// (default: the system's CAs)")
    .option('--peer-cert-file <file>', 'client certificate, PEM, for peers that require one')
    .option('--peer-key-file <file>', 'private key of --peer-cert-file, PEM');
}

export function backendOption(): Option {
  return new Option('-b, --backend <name>', 'name of a backend in HAProxy; may be given several times').argParser(
    repeated,
  );
}

/** Options for HAProxy and the agents, the same for every command that talks to them. */
export function addHaproxyOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'YAML configuration file (docs/configuration.md)')
    .option('-s, --socket <address>', `HAProxy's stats socket: a path or HOST:PORT (default: ${defaultSocket})`)
    .addOption(backendOption())
    .option(
      '--agent-url <template>',
      `URL of the agents, with {address} or {server} in it (default: http://{address}:${agentPort})`,
    )
    .addOption(
      new Option(
        '--agent <server=url>',
        "URL of one server's agent, as SERVER=URL or BACKEND/SERVER=URL; may be given several times",
      ).argParser(repeated),
    )
    .option(
      '--agent-token-file <file>',
      "file with the agents' bearer token (default: environment HAWEIGHT_AGENT_TOKEN)",
    )
    .option('--agent-ca-file <file>', "CA of the agents' certificates, PEM, for https:// (default: the system's CAs)")
    .option('--agent-cert-file <file>', 'client certificate, PEM, for agents that require one')
    .option('--agent-key-file <file>', 'private key of --agent-cert-file, PEM');
}

/** Options for a running controller. */
export function addControllerOptions(command: Command): Command {
  return command
    .option('--controller <url>', `URL of the controller's status API (default: http://127.0.0.1:${controllerPort})`)
    .option(
      '--token-file <file>',
      "file with the controller's bearer token (default: environment HAWEIGHT_CONTROLLER_TOKEN)",
    )
    .option('--ca-file <file>', "CA of the controller's certificate, PEM, for https:// (default: the system's CAs)")
    .option('--cert-file <file>', 'client certificate, PEM, for a controller that requires one')
    .option('--key-file <file>', 'private key of --cert-file, PEM');
}

/** The client's token, CA and certificate for a controller. */
export interface ControllerAccess {
  readonly tokenFile?: string;
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface ControllerOptions extends ControllerAccess {
  readonly controller?: string;
}

export type AskOptions = ConfigFlags & ControllerOptions;
