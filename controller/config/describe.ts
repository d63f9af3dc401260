import type { z } from 'zod';
import { type Problem, quoteValue } from '../../shared/contract/problem.ts';
import { configInvalid, didYouMean, unknownKey } from '../../shared/contract/problems/settings.ts';
import { nearest } from '../../shared/nearest.ts';
import { durationHint, shareHint } from '../../shared/unit-hints.ts';
import type { ConfigFlags } from './flags.ts';
import { keysAt, placeOf } from './known-keys.ts';

type Issue = z.core.$ZodIssue;

/** What was checked: the file with the flags over it, and the schema that it does not fit. */
export interface Checked {
  readonly schema: unknown;
  readonly merged: unknown;
  readonly flags: ConfigFlags;
  /** Where every key is explained, for where there is no better hint; null: the caller says it. */
  readonly document: string | null;
}

/**
 * The first thing wrong with a configuration as one line: the key or flag, what was expected and what came. An unknown key comes
 * before what is missing: it is mostly the missing one, mistyped.
 */
export function describeIssues(issues: readonly Issue[], { schema, merged, flags, document }: Checked): Problem {
  const issue = issues.find(({ code }) => code === 'unrecognized_keys') ?? issues[0];
  if (issue === undefined) throw new Error('a failed parse without an issue');
  const path = issue.path.map(String);
  const flag = flagThatSet(path, flags);
  const place = (key: readonly string[]) => `${flags.config ?? 'configuration'}: ${key.join('.')}`;
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const keys = keysAt(schema, path);
    const expected = keys.length === 0 ? 'no key' : `one of ${keys.join(', ')}`;
    return unknownKey(flag ?? place([...path, key]), expected, withFix(unknownKeyFix(key, keys, schema, document)));
  }
  const value = path.reduce<unknown>((tree, step) => (tree as Record<string, unknown> | undefined)?.[step], merged);
  const usual = document === null ? null : `${document} lists every key.`;
  return configInvalid(flag ?? place(path), 'invalid value', {
    expected: expectation(issue),
    got: shown(value),
    ...withFix(valueHint(issue, value) ?? (flag === null ? usual : 'See --help.')),
  });
}

function withFix(fix: string | null): { readonly fix?: string } {
  return fix === null ? {} : { fix };
}

function unknownKeyFix(key: string, keys: readonly string[], schema: unknown, document: string | null): string | null {
  const meant = placeOf(key, schema) ?? nearest(key, keys);
  if (meant !== null) return didYouMean(meant);
  return document === null ? null : `Check its spelling and place against ${document}.`;
}

/** What a wrong value was probably meant to be. */
function valueHint(issue: Issue, value: unknown): string | null {
  const key = String(issue.path.at(-1));
  switch (issue.code) {
    case 'invalid_value': {
      const meant = typeof value === 'string' ? nearest(value, issue.values.map(String)) : null;
      return meant === null ? null : didYouMean(meant);
    }
    case 'too_big':
      return Number(issue.maximum) <= 1 || key === 'load' ? shareHint(value, Number(issue.maximum)) : null;
    case 'invalid_type': {
      if (issue.expected !== 'number' && issue.expected !== 'int') return null;
      const unit = key.endsWith('Ms') ? 'ms' : 's';
      return durationHint(value, unit) ?? shareHint(value, mostShare);
    }
    default:
      return null;
  }
}

/** A load may be ten times what the fleet can do. */
const mostShare = 10;

/** The flag that a value came from; null where the file, or nothing, set it. */
function flagThatSet(path: readonly string[], flags: ConfigFlags): string | null {
  const [section, , field] = path;
  if (section === 'allowHosts') return flags.allowHost === undefined ? null : '--allow-host';
  if (section === 'backends' && field === 'name' && flags.backend !== undefined) return '--backend';
  if (section === 'backends' && field === 'agents' && flags.agent !== undefined) return '--agent';
  if (section === 'peers' && path[1] === 'urls') return flags.peer === undefined ? null : '--peer';
  if (section === 'shadow' && flags.shadow !== undefined) return '--shadow';
  const simple: Readonly<Record<string, readonly [string, unknown]>> = {
    'haproxy.socket': ['--socket', flags.socket],
    'agents.url': ['--agent-url', flags.agentUrl],
    'agents.tokenFile': ['--agent-token-file', flags.agentTokenFile],
    'agents.tls.ca': ['--agent-ca-file', flags.agentCaFile],
    'agents.tls.cert': ['--agent-cert-file', flags.agentCertFile],
    'agents.tls.key': ['--agent-key-file', flags.agentKeyFile],
    'peers.tokenFile': ['--peer-token-file', flags.peerTokenFile],
    'peers.tls.ca': ['--peer-ca-file', flags.peerCaFile],
    'peers.tls.cert': ['--peer-cert-file', flags.peerCertFile],
    'peers.tls.key': ['--peer-key-file', flags.peerKeyFile],
    policy: ['--policy', flags.policy],
    limits: ['--limits', flags.limits],
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
