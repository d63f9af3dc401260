import { ProblemError } from '../../shared/contract/problem.ts';
import { configInvalid, invalidFlag } from '../../shared/contract/problems/settings.ts';
import { describeIssues } from './describe.ts';
import type { ConfigFlags } from './flags.ts';
import { withCurrentNames } from './former-names.ts';
import { type Config, wholeConfigSchema } from './schema.ts';
import { readYamlFile, type Tree } from './yaml-file.ts';

/**
 * File, then flags over it, then defaults; checked as a whole. Throws a ProblemError that names the key. `warn` gets a line
 * about former names.
 */
export function loadConfig(flags: ConfigFlags, warn: (line: string) => void = warnOnStderr): Config {
  const file = flags.config === undefined ? {} : readYamlFile(flags.config);
  const where = flags.config ?? 'configuration';
  const { tree: merged, note } = withCurrentNames(mergeFlags(file, flags));
  if (note !== null) warn(note);
  const parsed = wholeConfigSchema.safeParse(merged);
  if (parsed.success) return parsed.data;
  const { issues } = parsed.error;
  if (merged['backends'] === undefined && issues.every(({ code }) => code !== 'unrecognized_keys')) {
    const fix = 'Say --backend NAME, or name it in the configuration file.';
    throw new ProblemError(
      configInvalid(`${where}: backends`, 'no backend is named', { expected: 'at least one', fix }),
    );
  }
  const document = 'docs/configuration.md';
  throw new ProblemError(describeIssues(issues, { schema: wholeConfigSchema, merged, flags, document }));
}

function warnOnStderr(line: string): void {
  process.stderr.write(`${line}\n`);
}

function mergeFlags(file: Tree, flags: ConfigFlags): Tree {
  const simple = {
    policy: flags.policy,
    limits: flags.limits,
    shadow: flags.shadow,
    periodMs: flags.periodMs,
    listen: flags.listen,
    tokenFile: flags.tokenFile,
    insecure: flags.insecure,
    allowHosts: flags.allowHost,
    onExit: flags.onExit,
    dryRun: flags.dryRun,
    logLevel: flags.logLevel,
  };
  return {
    ...file,
    ...defined(simple),
    ...mergeSection(file, 'haproxy', { socket: flags.socket }),
    ...mergeAgents(file, flags),
    ...mergePeers(file, flags),
    ...mergeSection(file, 'tls', { cert: flags.tlsCert, key: flags.tlsKey, clientCa: flags.tlsClientCa }),
    ...mergeSection(file, 'record', { file: flags.record }),
    ...mergeBackends(file, flags),
  };
}

function mergeAgents(file: Tree, flags: ConfigFlags): Tree {
  const { agentUrl: url, agentTokenFile: tokenFile } = flags;
  const fromFlags = { ca: flags.agentCaFile, cert: flags.agentCertFile, key: flags.agentKeyFile };
  return mergeSection(file, 'agents', { url, tokenFile, tls: mergedTls(file['agents'], fromFlags) });
}

/** A list of URLs stands for `urls`. --peer replaces the file's. */
function mergePeers(file: Tree, flags: ConfigFlags): Tree {
  const section = Array.isArray(file['peers']) ? { urls: file['peers'] } : file['peers'];
  const { peer: urls, peerTokenFile: tokenFile } = flags;
  const fromFlags = { ca: flags.peerCaFile, cert: flags.peerCertFile, key: flags.peerKeyFile };
  const merged = mergeSection({ peers: section }, 'peers', { urls, tokenFile, tls: mergedTls(section, fromFlags) });
  return section === file['peers'] ? merged : { peers: section, ...merged };
}

/** undefined where the flags change nothing. */
function mergedTls(section: unknown, fromFlags: Tree): unknown {
  const inFile = isTree(section) ? section : {};
  return mergeSection(inFile, 'tls', fromFlags)['tls'];
}

function mergeSection(file: Tree, key: string, values: Tree): Tree {
  const changes = defined(values);
  const section = file[key] ?? {};
  if (Object.keys(changes).length === 0 || typeof section !== 'object') return {};
  return { [key]: { ...section, ...changes } };
}

/** --backend replaces the file's list but keeps what the file says of the same names; --agent adds to it. */
function mergeBackends(file: Tree, flags: ConfigFlags): Tree {
  const inFile: readonly unknown[] = Array.isArray(file['backends']) ? file['backends'] : [];
  const named = flags.backend?.map((name) => inFile.find((each) => nameOf(each) === name) ?? { name });
  const backends = named ?? inFile;
  if (named === undefined && flags.agent === undefined) return {};
  const agents = (flags.agent ?? []).map(parseAgentFlag);
  for (const { flag, backend } of agents) {
    const known = backend === null ? backends.length === 1 : backends.some((each) => nameOf(each) === backend);
    if (!known)
      throw agentFlagProblem(
        flag,
        backend === null ? 'BACKEND/SERVER=URL, as there is not one backend' : 'a backend that is named',
      );
  }
  return {
    backends: backends.map((each) => {
      const own = agents.filter(({ backend }) => backend === null || backend === nameOf(each));
      // the schema refuses what is not a backend
      if (own.length === 0 || !isTree(each)) return each;
      return {
        ...each,
        agents: { ...(each['agents'] as Tree), ...Object.fromEntries(own.map((a) => [a.server, a.url])) },
      };
    }),
  };
}

function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null;
}

function nameOf(backend: unknown): unknown {
  return isTree(backend) ? backend['name'] : undefined;
}

function parseAgentFlag(flag: string) {
  const match = /^(?:([^/=]+)\/)?([^/=]+)=(.+)$/.exec(flag);
  if (match === null) throw agentFlagProblem(flag, 'SERVER=URL or BACKEND/SERVER=URL');
  return { flag, backend: match[1] ?? null, server: match[2] ?? '', url: match[3] ?? '' };
}

function agentFlagProblem(flag: string, expected: string): ProblemError {
  return new ProblemError(invalidFlag('--agent', expected, flag));
}

function defined(values: Tree): Tree {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
