import { type Command, InvalidArgumentError, Option } from 'commander';
import type { ConfigFlags } from '../controller/index.ts';
import { agentPort, controllerPort, defaultSocket } from '../shared/contract/endpoints.ts';

/** Collects a flag that may be given several times. */
function repeated(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, value];
}

/** The same for names, of which one flag may also give several: `a,b`. */
export function repeatedNames(value: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...value.split(',').map((name) => name.trim())];
}

/** A whole number of at least `least`. */
export function wholeNumber(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < least)
      throw new InvalidArgumentError(`Expected a whole number from ${least} on.`);
    return value;
  };
}

export function backendOption(): Option {
  return new Option('-b, --backend <name>', 'backend in HAProxy; may be given several times').argParser(repeated);
}

/** Where HAProxy and the agents are: the same for every command that asks them. */
export function addHaproxyOptions(command: Command): Command {
  return command
    .option('-c, --config <file>', 'YAML configuration file (docs/configuration.md)')
    .option('-s, --socket <address>', `HAProxy's stats socket: a path or HOST:PORT (default: ${defaultSocket})`)
    .addOption(backendOption())
    .option('--agent-url <template>', `where agents answer (default: http://{address}:${agentPort})`)
    .addOption(
      new Option('--agent <server=url>', "where one server's agent answers; may be given several times").argParser(
        repeated,
      ),
    )
    .option('--agent-token-file <file>', "file with the agents' bearer token (or HAWEIGHT_AGENT_TOKEN)")
    .option('--agent-ca-file <file>', "the CA of the agents' certificates, for https:// (default: the system's)")
    .option('--agent-cert-file <file>', 'our certificate, for agents that ask for one')
    .option('--agent-key-file <file>', 'its private key');
}

/** Where a running controller answers. */
export function addControllerOptions(command: Command): Command {
  return command
    .option('--controller <url>', `status API of the controller (default: http://127.0.0.1:${controllerPort})`)
    .option('--token-file <file>', "file with the controller's bearer token (or HAWEIGHT_CONTROLLER_TOKEN)")
    .option('--ca-file <file>', "the CA of the controller's certificate, for https:// (default: the system's)")
    .option('--cert-file <file>', 'our certificate, for a controller that asks for one')
    .option('--key-file <file>', 'its private key');
}

/** What a controller may want to see of us, and what we trust. */
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
