import type { Problem } from '../contract/problem.ts';
import { environmentIgnored, environmentUnsafe } from '../contract/problems/environment.ts';

/** What weakens Node.js in a process's environment, and whether a process that has tokens must not start with it. */
export interface EnvironmentFinding {
  readonly problem: Problem;
  readonly stops: boolean;
}

interface Risk {
  readonly what: string;
  readonly stops: boolean;
}

const inspector: Risk = { what: 'each local user who connects to its debugger runs code in the process', stops: false };
/** Options of Node.js, without their leading dashes. */
const optionRisks: ReadonlyMap<string, Risk> = new Map([
  ['tls-keylog', { what: 'it writes the keys of TLS connections to a file', stops: true }],
  ['insecure-http-parser', { what: 'it accepts ambiguous HTTP messages', stops: false }],
  ['inspect', inspector],
  ['inspect-brk', inspector],
  ['inspect-wait', inspector],
]);
const headersLogged: Risk = { what: 'it writes the headers of requests, and so tokens, to the log', stops: true };

/** Pure. `execArgv`: the options that Node.js was started with. */
export function environmentFindings(
  environment: Readonly<Record<string, string | undefined>>,
  execArgv: readonly string[],
): readonly EnvironmentFinding[] {
  const findings: EnvironmentFinding[] = [];
  if (environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0') {
    findings.push({ problem: environmentIgnored('NODE_TLS_REJECT_UNAUTHORIZED=0'), stops: false });
  }
  const sections = environment['NODE_DEBUG'] ?? '';
  if (printsHeaders(sections)) findings.push(findingOf(`NODE_DEBUG=${sections}`, headersLogged));
  for (const option of [...(environment['NODE_OPTIONS'] ?? '').split(/\s+/), ...execArgv]) {
    const risk = optionRisks.get(nameOf(option));
    if (risk !== undefined) findings.push(findingOf(option, risk));
  }
  return findings;
}

function findingOf(where: string, { what, stops }: Risk): EnvironmentFinding {
  return { problem: environmentUnsafe(where, what), stops };
}

/** Node.js takes `_` for `-`. */
function nameOf(option: string): string {
  return option.startsWith('--') ? (option.slice(2).split('=', 1)[0] ?? '').replaceAll('_', '-') : '';
}

/** Node.js prints the options of each connection, headers included, in the section `net`; `*` stands for any text. */
function printsHeaders(sections: string): boolean {
  return sections.split(',').some((section) => {
    const pattern = section
      .trim()
      .replaceAll(/[|\\{}()[\]^$+?.]/g, '\\$&')
      .replaceAll('*', '.*');
    return new RegExp(`^${pattern}$`, 'i').test('net');
  });
}
