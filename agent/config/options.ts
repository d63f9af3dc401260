import { isIP } from 'node:net';
import { hostPattern, nameAlphabet, namePattern } from '../../shared/contract/limits.ts';
import { ProblemError, quote } from '../../shared/contract/problem.ts';
import { usage } from '../../shared/contract/problems/settings.ts';
import { type ListenAddress, parseListenAddress } from '../../shared/net/listen-address.ts';
import { type LogLevel, logLevels } from '../../shared/process/log.ts';
import type { TlsFiles } from '../../shared/tls/tls-files.ts';
import type { PortChoice } from '../scope/port-owner.ts';
import type { ScopeChoice } from '../scope/scope.ts';
import type { ConfiguredLimits } from '../scope/target.ts';
import { invalid, parseBitRate, parseBytes, parsePositive, parseWhole } from './quantity.ts';

/** Flags as typed, texts all of them. They are checked here, so that each mistake is one line that names the flag. */
export interface AgentFlags {
  readonly listen: string;
  readonly scope?: string;
  readonly pid?: string;
  readonly port?: string;
  readonly cgroup?: string;
  readonly cores?: string;
  readonly memoryLimit?: string;
  readonly linkSpeed?: string;
  readonly interface?: string;
  readonly maxThreads?: string;
  readonly name?: string;
  readonly tokenFile?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly insecure?: boolean;
  readonly allowHost?: readonly string[];
  readonly sampleMs: string;
  readonly windowMs: string;
  readonly logLevel: string;
  readonly once?: boolean;
  readonly json?: boolean;
}

export interface AgentOptions {
  readonly listen: ListenAddress;
  /** null: the process tree of `command`. */
  readonly scope: ScopeChoice | null;
  readonly configured: ConfiguredLimits;
  /** The server's name in HAProxy. */
  readonly server: string | null;
  readonly tokenFile: string | undefined;
  /** null: plain HTTP. */
  readonly tls: TlsFiles | null;
  readonly insecure: boolean;
  /** Names that clients may ask by on loopback without a token, besides loopback's own. */
  readonly allowHosts: readonly string[];
  readonly sampleMs: number;
  readonly windowMs: number;
  readonly logLevel: LogLevel;
  /** Take one window's worth of samples, print, end. */
  readonly once: boolean;
  readonly json: boolean;
  /** The application to run as our child; empty: none. */
  readonly command: readonly string[];
}

/** Throws a ProblemError of code `usage`. `containerised` decides the default scope. */
export function parseAgentFlags(flags: AgentFlags, command: readonly string[], containerised: boolean): AgentOptions {
  const logLevel = logLevels.find((level) => level === flags.logLevel);
  if (logLevel === undefined) throw invalid('--log-level', logLevels.join(', '), flags.logLevel);
  if (flags.name !== undefined && (flags.name.length > 255 || !namePattern.test(flags.name))) {
    throw invalid('--name', `a server name of ${nameAlphabet}`, flags.name);
  }
  if (flags.json && !flags.once)
    throw conflict('--json', 'it only goes with --once', 'GET /v1/snapshot is JSON as it is.');
  if (flags.once && command.length > 0) throw conflict('--once', 'it does not run a command', 'Leave out one of them.');
  const listen = parseListenAddress(flags.listen, '--listen');
  const scope = chooseScope(flags, command, containerised, listen.host);
  if (flags.cores !== undefined && scope?.kind === 'host') {
    throw conflict('--cores', 'the host has the cores that it has', 'Use it with --scope cgroup or process.');
  }
  if (flags.memoryLimit !== undefined && scope?.kind === 'host') {
    throw conflict('--memory-limit', 'the host has the memory that it has', 'Use it with --scope cgroup or process.');
  }
  return {
    listen,
    scope,
    configured: parseLimits(flags),
    server: flags.name ?? null,
    tokenFile: flags.tokenFile,
    tls: parseTls(flags),
    insecure: flags.insecure ?? false,
    allowHosts: (flags.allowHost ?? []).map(parseHost),
    sampleMs: parseWhole(flags.sampleMs, '--sample-ms', 100, 60_000),
    windowMs: parseWhole(flags.windowMs, '--window-ms', 100, 600_000),
    logLevel,
    once: flags.once ?? false,
    json: flags.json ?? false,
    command,
  };
}

function parseTls({ tlsCert: cert, tlsKey: key, tlsClientCa: ca }: AgentFlags): TlsFiles | null {
  if (cert !== undefined && key !== undefined) return { cert, key, ca };
  if ((cert ?? key ?? ca) === undefined) return null;
  const missing = cert === undefined ? '--tls-cert' : '--tls-key';
  throw conflict(missing, 'TLS takes a certificate and its key', 'Give --tls-cert FILE and --tls-key FILE.');
}

function parseLimits(flags: AgentFlags): ConfiguredLimits {
  const given = <T>(text: string | undefined, parse: (text: string) => T) => (text === undefined ? null : parse(text));
  return {
    cores: given(flags.cores, (text) => parsePositive(text, '--cores', 65_536)),
    memoryBytes: given(flags.memoryLimit, (text) => parseBytes(text, '--memory-limit')),
    linkBitsPerSecond: given(flags.linkSpeed, (text) => parseBitRate(text, '--link-speed')),
    threads: given(flags.maxThreads, (text) => parseWhole(text, '--max-threads', 1, 1e9)),
    interface: given(flags.interface, parseInterface),
  };
}

function parseHost(text: string): string {
  if (hostPattern.test(text)) return text;
  throw invalid('--allow-host', 'a name or address without a port', text);
}

/** Interface names are at most 15 bytes, without slash or space (dev_valid_name in the kernel). */
function parseInterface(text: string): string {
  if (/^[^\s/:]{1,15}$/.test(text) && text !== '.' && text !== '..') return text;
  throw invalid('--interface', 'the name of a network interface, such as eth0', text);
}

const scopes = ['host', 'cgroup', 'process'] as const;

function chooseScope(
  flags: AgentFlags,
  command: readonly string[],
  containerised: boolean,
  agentAddress: string,
): ScopeChoice | null {
  const kind = flags.scope ?? impliedScope(flags, command, containerised);
  if (!scopes.some((each) => each === kind)) throw invalid('--scope', scopes.join(', '), kind);
  if (kind !== 'process' && (flags.pid ?? flags.port) !== undefined) {
    throw conflict('--scope', `--pid and --port do not go with ${quote(kind)}`, 'Say --scope process.');
  }
  if (kind !== 'cgroup' && flags.cgroup !== undefined) {
    throw conflict('--scope', `--cgroup does not go with ${quote(kind)}`, 'Say --scope cgroup.');
  }
  if (kind === 'host') return { kind };
  if (kind === 'cgroup') {
    if (flags.cgroup !== undefined) return { kind, path: parseGroupPath(flags.cgroup) };
    return flags.scope === undefined ? { kind, path: null } : { kind, path: null, own: true };
  }
  if (flags.pid !== undefined && flags.port !== undefined)
    throw conflict('--pid', 'not together with --port', 'Give one.');
  if (flags.pid !== undefined) return { kind: 'pid', pid: parseWhole(flags.pid, '--pid', 1, 2 ** 22) };
  if (flags.port !== undefined) return { kind: 'port', ...parsePort(flags.port), agentAddress };
  if (command.length > 0) return null;
  throw conflict('--scope', 'process scope needs to know which process', 'Give --pid, --port or -- COMMAND.');
}

/** `8080`, `10.0.0.11:8080` or `[::1]:8080`. */
function parsePort(text: string): PortChoice {
  const [, bracketed, plain, port] = /^(?:(?:\[([^\]]*)\]|([^:]*)):)?(.*)$/s.exec(text) ?? [];
  const address = bracketed ?? plain;
  if (address === undefined) return { port: parseWhole(text, '--port', 1, 65_535) };
  if (isIP(address) !== (bracketed === undefined ? 4 : 6)) {
    throw invalid('--port', 'PORT or ADDRESS:PORT, such as 8080, 10.0.0.11:8080 or [::1]:8080', text);
  }
  return { port: parseWhole(port ?? '', '--port', 1, 65_535), address };
}

function impliedScope(flags: AgentFlags, command: readonly string[], containerised: boolean): string {
  if ((flags.pid ?? flags.port) !== undefined) return 'process';
  if (flags.cgroup !== undefined || containerised) return 'cgroup';
  return command.length > 0 ? 'process' : 'host';
}

function parseGroupPath(text: string): string {
  if (text.startsWith('/') && !text.split('/').includes('..') && !text.includes('\0')) return text;
  throw invalid('--cgroup', 'a path such as /system.slice/app.service', text);
}

function conflict(where: string, what: string, fix: string): ProblemError {
  return new ProblemError(usage(where, what, { fix }));
}
