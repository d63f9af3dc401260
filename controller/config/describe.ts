import type { z } from 'zod';
import { type Problem, quoteValue } from '../../shared/contract/problem.ts';
import { configInvalid, unknownKey } from '../../shared/contract/problems/settings.ts';
import type { ConfigFlags } from './flags.ts';

type Issue = z.core.$ZodIssue;

/** The first thing wrong with a configuration as one line: the key or flag, what was expected and what came. */
export function describeIssues(issues: readonly Issue[], merged: unknown, flags: ConfigFlags): Problem {
  const [issue] = issues;
  if (issue === undefined) throw new Error('a failed parse without an issue');
  const unknown = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined;
  const path = issue.path.map(String);
  const key = [...path, ...(unknown === undefined ? [] : [unknown])].join('.');
  const flag = flagThatSet(path, flags);
  const where = flag ?? `${flags.config ?? 'configuration'}: ${key}`;
  if (unknown !== undefined) {
    const fix = 'Check its spelling and place against docs/configuration.md.';
    return unknownKey(where, 'one of the documented keys', { fix });
  }
  const value = path.reduce<unknown>((tree, step) => (tree as Record<string, unknown> | undefined)?.[step], merged);
  return configInvalid(where, 'invalid value', {
    expected: expectation(issue),
    got: shown(value),
    fix: flag === null ? 'docs/configuration.md lists every key.' : 'See --help.',
  });
}

/** The flag that a value came from; null where the file, or nothing, set it. */
function flagThatSet(path: readonly string[], flags: ConfigFlags): string | null {
  const [section, , field] = path;
  if (section === 'allowHosts') return flags.allowHost === undefined ? null : '--allow-host';
  if (section === 'backends' && field === 'name' && flags.backend !== undefined) return '--backend';
  if (section === 'backends' && field === 'agents' && flags.agent !== undefined) return '--agent';
  if (section === 'shadow' && flags.shadow !== undefined) return '--shadow';
  const simple: Readonly<Record<string, readonly [string, unknown]>> = {
    'haproxy.socket': ['--socket', flags.socket],
    'agents.url': ['--agent-url', flags.agentUrl],
    'agents.tokenFile': ['--agent-token-file', flags.agentTokenFile],
    'agents.tls.ca': ['--agent-ca-file', flags.agentCaFile],
    'agents.tls.cert': ['--agent-cert-file', flags.agentCertFile],
    'agents.tls.key': ['--agent-key-file', flags.agentKeyFile],
    policy: ['--policy', flags.policy],
    'record.file': ['--record', flags.record],
    periodMs: ['--period-ms', flags.periodMs],
    listen: ['--listen', flags.listen],
    tokenFile: ['--token-file', flags.tokenFile],
    'tls.cert': ['--tls-cert', flags.tlsCert],
    'tls.key': ['--tls-key', flags.tlsKey],
    'tls.clientCa': ['--tls-client-ca', flags.tlsClientCa],
    onExit: ['--on-exit', flags.onExit],
    logLevel: ['--log-level', flags.logLevel],
  };
  const [flag, value] = simple[path.join('.')] ?? ['', undefined];
  return value === undefined ? null : flag;
}

function expectation(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return issue.expected === 'int' ? 'a whole number' : `a value of type ${issue.expected}`;
    case 'invalid_value':
      return `one of ${issue.values.map(String).join(', ')}`;
    case 'too_small':
      return issue.message.startsWith('Too small') ? `at least ${issue.minimum}` : issue.message;
    case 'too_big':
      return `at most ${issue.maximum}`;
    default:
      return issue.message;
  }
}

/** A URL with a password in it is refused; the line that says so must not repeat the password. */
function withoutCredentials(text: string): string {
  return text.replaceAll(/\/\/[^/?#"]*@/g, '//***@');
}

const maxShown = 100;

function shown(value: unknown): string {
  const text = withoutCredentials(quoteValue(value, Number.POSITIVE_INFINITY));
  return text.length > maxShown ? `${text.slice(0, maxShown)}…` : text;
}
